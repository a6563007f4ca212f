// What a rule can find: WCAG 2.2 1.4.3 (contrast), 4.1.2 and 1.3.1 (names), 2.4.6 (one h1), 1.4.10 (reflow). Returns lines.
() => {
  const found = [];
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
  const background = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const luminance = (c) => {
    const [r, g, b] = c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const isSeen = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !e.closest('.sr, .skip:not(:focus), [hidden]') && e.getBoundingClientRect().width > 0;
  const named = (e) => `${e.tagName.toLowerCase()}${e.className && typeof e.className === 'string' ? `.${e.className.replaceAll(' ', '.')}` : ''} "${(e.textContent || e.value || '').trim().slice(0, 40)}"`;

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const checked = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || checked.has(element) || element.closest('svg, script, option, :disabled') || !isSeen(element)) continue;
    checked.add(element);
    const style = getComputedStyle(element);
    const behind = background(element);
    const ratio = contrast(over(rgba(style.color), behind), behind);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5) - 0.005) found.push(`contrast ${ratio.toFixed(2)}: ${named(element)}`);
  }
  for (const control of document.querySelectorAll('input, select, textarea, button, a[href], progress, [role=img], [role=meter]')) {
    if (!control.checkVisibility() || control.type === 'hidden') continue;
    const label = control.getAttribute('aria-label') || [...(control.labels ?? [])].map((l) => l.textContent).join('') || control.textContent
      || (control.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join('');
    if (!label.trim()) found.push(`no name: ${named(control)}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  for (const id of ids.filter((x, i) => ids.indexOf(x) !== i)) found.push(`id twice: ${id}`);
  for (const reference of document.querySelectorAll('[aria-labelledby], [aria-describedby], label[for]')) {
    for (const id of [reference.getAttribute('aria-labelledby'), reference.getAttribute('aria-describedby'), reference.getAttribute('for')].filter(Boolean)) {
      if (!document.getElementById(id)) found.push(`names what is not there: ${id}`);
    }
  }
  const headings = document.querySelectorAll('h1').length;
  if (headings !== 1) found.push(`${headings} h1`);
  const wider = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wider > 0) found.push(`wider than the screen by ${wider}px: ${[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 4).map(named).join('; ')}`);
  return found;
}
