// What a width does to text: cut off by a box without scroll bars, over other text, or wider than the screen. Returns lines.
() => {
  const found = [];
  const named = (e) => `${e.tagName.toLowerCase()}${typeof e.className === 'string' && e.className ? `.${e.className.trim().replaceAll(' ', '.')}` : ''} "${e.textContent.trim().replace(/\s+/g, ' ').slice(0, 40)}"`;
  const wider = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wider > 0) found.push(`the page is wider than the screen by ${wider}px: ${[...document.querySelectorAll('main *, header *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).slice(-3).map(named).join('; ')}`);

  const boxes = new Map();
  // Where text of this element can be seen at all: within each box around it that does not let it out.
  const within = (element) => {
    if (!element || element === document.body) return { left: -Infinity, right: Infinity, top: -Infinity, bottom: Infinity };
    if (!boxes.has(element)) {
      const outer = within(element.parentElement);
      const style = getComputedStyle(element);
      const rect = element.getBoundingClientRect();
      boxes.set(element, {
        left: style.overflowX === 'visible' ? outer.left : Math.max(outer.left, rect.left), right: style.overflowX === 'visible' ? outer.right : Math.min(outer.right, rect.right),
        top: style.overflowY === 'visible' ? outer.top : Math.max(outer.top, rect.top), bottom: style.overflowY === 'visible' ? outer.bottom : Math.min(outer.bottom, rect.bottom),
      });
    }
    return boxes.get(element);
  };

  for (const element of document.querySelectorAll('body *:not(.sr, select, textarea, svg, svg *)')) {
    const style = getComputedStyle(element);
    if (!['hidden', 'clip'].includes(style.overflowX) || style.textOverflow === 'ellipsis' || !element.textContent.trim()) continue;
    if (element.scrollWidth <= element.clientWidth + 1) continue;
    const edge = element.getBoundingClientRect().right + 1;
    found.push(`cut off by ${element.scrollWidth - element.clientWidth}px: ${named(element)}, at ${[...element.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > edge).slice(-2).map(named).join('; ')}`);
  }

  const lines = [];
  const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('.sr, svg, select, option, textarea') || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = within(element);
    for (const rect of range.getClientRects()) {
      const line = { element, left: Math.max(box.left, rect.left), right: Math.min(box.right, rect.right), top: Math.max(box.top, rect.top), bottom: Math.min(box.bottom, rect.bottom) };
      if (line.right - line.left > 1 && line.bottom - line.top > 1) lines.push(line);
    }
  }
  lines.sort((a, b) => a.top - b.top);
  lines.forEach((a, i) => {
    // Boxes of lines touch each other a little; text that lies on text shares at least half of a line. What an element
    // itself leaves out (an ellipsis, a line too many) is still among its boxes.
    for (let j = i + 1; j < lines.length && lines[j].top < a.bottom; j++) {
      const b = lines[j];
      if (a.element === b.element) continue;
      const [across, down] = [Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - b.top];
      if (across > 1 && down > Math.min(a.bottom - a.top, b.bottom - b.top) / 2) found.push(`over each other by ${across.toFixed(0)}px: ${named(a.element)} and ${named(b.element)}`);
    }
  });
  return found;
}
