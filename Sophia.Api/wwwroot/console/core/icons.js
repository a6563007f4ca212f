// Line icons and the mark, drawn here.
import { s } from './dom.js';

const Paths = {
  tiers: ['M7 5h10', 'M5.5 10h13', 'M4 15h16', 'M2.5 20h19'],
  search: ['M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13z', 'M15.5 15.5 21 21'],
  browse: ['M4 5h16v4H4z', 'M4 9h16v10H4z', 'M9 13h6'],
  changes: ['M3 12h4l3-8 4 16 3-8h4'],
  import: ['M12 4v11', 'M7.5 10.5 12 15l4.5-4.5', 'M4 19h16'],
  requests: ['M4 6l5 6-5 6', 'M11 18h9'],
};

export const icon = (name) => s('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, Paths[name].map((d) => s('path', { d })));

/** Six strata, the hottest and smallest on top. */
export const mark = () => s('svg', { viewBox: '0 0 32 32', 'aria-hidden': 'true' },
  [0, 1, 2, 3, 4, 5].map((i) => {
    const stratum = s('rect', { x: 12 - i * 2, y: 3 + i * 4.6, width: 8 + i * 4, height: 3.4, rx: 1 });
    stratum.style.fill = `var(--l${i})`;
    return stratum;
  }));
