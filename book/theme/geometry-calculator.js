/* The geometry calculator: from input size, kernel, padding (per side), stride and dilation to the size of the output, with
   the formula filled in, a picture of every place of the window, and what no window reads.

   `geometry.along` does the arithmetic of one axis; a test compares it with convcore's Geometry over all settings. */

'use strict';

window.geometry = {
  /** The settings' ranges: the sliders', and the test's. */
  ranges: {
    input: { min: 1, max: 16, value: 7, label: 'input n' },
    kernel: { min: 1, max: 7, value: 3, label: 'kernel k' },
    padding: { min: 0, max: 4, value: 0, label: 'padding p (per side)' },
    stride: { min: 1, max: 5, value: 1, label: 'stride s' },
    dilation: { min: 1, max: 4, value: 1, label: 'dilation d' },
  },

  /** One axis. `reach`: what the kernel spans; `output`: its places, or null when it fits nowhere; `starts`: where each
    place begins, counted from the first padded cell; `unread`: the input's cells, from its own first, that no place reads. */
  along({ input, kernel, padding, stride, dilation }) {
    const padded = input + 2 * padding;
    const reach = dilation * (kernel - 1) + 1;
    if (reach > padded) {
      return { padded, reach, output: null, starts: [], unread: [] };
    }
    const output = Math.floor((padded - reach) / stride) + 1;
    const starts = Array.from({ length: output }, (_, place) => place * stride);
    const read = new Set();
    for (const start of starts) {
      for (let tap = 0; tap < kernel; tap++) {
        read.add(start + tap * dilation - padding);
      }
    }
    const unread = Array.from({ length: input }, (_, cell) => cell).filter(cell => !read.has(cell));
    return { padded, reach, output, starts, unread };
  },
};

interactive.register('geometry-calculator', root => {
  const { make, draw, slider, number, count, list } = interactive;
  const { ranges, along } = window.geometry;
  // A chapter may choose where a slider begins: `data-stride="2"`.
  const settings = Object.fromEntries(Object.entries(ranges).map(([name, { value }]) => [name, Number(root.dataset[name] ?? value)]));
  const sliders = Object.entries(ranges).map(([name, range]) => slider(range.label, { ...range, value: settings[name] }, value => {
    settings[name] = value;
    update();
  }).row);
  const formula = make('p', { class: 'widget-formula' });
  const verdict = make('p', { class: 'widget-verdict', role: 'status' });
  const picture = make('div', { class: 'widget-picture' });
  const key = make('p', { class: 'widget-key' });

  function update() {
    const { input, kernel, padding, stride, dilation } = settings;
    const axis = along(settings);
    const numerator = `${input} + 2·${padding} − ${dilation}·(${kernel} − 1) − 1`;
    const inside = axis.padded - axis.reach;
    const step = (...parts) => make('span', { class: 'widget-step' }, ...parts);
    const fits = axis.output !== null;
    formula.replaceChildren(
      step('⌊(n + 2p − d(k − 1) − 1) / s⌋ + 1'),
      step(`= ⌊(${numerator}) / ${stride}⌋ + 1`),
      step(`= ⌊${number(inside)} / ${stride}⌋ + 1`,
        ...fits ? [` = ${Math.floor(inside / stride)} + 1 = `, make('strong', {}, axis.output)] : []),
    );
    verdict.replaceChildren(...say(axis));
    verdict.classList.toggle('impossible', !fits);
    picture.replaceChildren(paint(axis));
    key.textContent = `Squares: the input; dashed: padding${!fits ? '. The bar below is the kernel, which sticks out.'
      : '; shaded: the first window. Below, a line for each place of the window along a row, with a dot at every column it reads.'}`
      + (axis.unread.length ? ' Hatched: never read.' : '');
  }

  /** The result in words, or why there is none. */
  function say(axis) {
    const { input, kernel, padding, dilation } = settings;
    if (axis.output === null) {
      const spread = dilation > 1 ? `, spread by dilation ${dilation}, spans ${axis.reach} columns` : ` spans ${count(axis.reach, 'column')}`;
      const room = padding ? `with padding the input has ${axis.padded}` : `the input has ${axis.padded}`;
      const ways = [`a kernel of at most ${Math.floor((axis.padded - 1) / dilation) + 1}`];
      const needed = Math.ceil((axis.reach - input) / 2);
      if (needed <= ranges.padding.max) {
        ways.push(`a padding of at least ${needed}`);
      }
      if (dilation > 1 && kernel <= axis.padded) {
        ways.push(`a dilation of at most ${Math.floor((axis.padded - 1) / (kernel - 1))}`);
      }
      return [make('strong', {}, 'The window fits nowhere. '),
        `A kernel of ${kernel}${spread}, but ${room}. It would take ${ways.join(', or ')}.`];
    }
    const { output, unread } = axis;
    const plural = unread.length > 1 ? 's' : '';
    return [make('strong', {}, `Output: ${output} × ${output}. `), output === input ? 'The same size as the input. ' : '',
      unread.length ? `Row${plural} and column${plural} ${list(unread)} of the input are never read.` : 'Every number of the input is read.'];
  }

  /** The padded input as a square, and below it a line for each place of the window. */
  function paint(axis) {
    const { input, kernel, padding, dilation } = settings;
    const places = axis.output === null ? [0] : axis.starts;
    const across = Math.max(axis.padded, axis.reach);
    // A frame of constant size, that the drawing is made to fit: the page does not move with the sliders.
    const [width, height, top] = [400, 430, 4];
    const size = Math.min(34, 276 / across);
    const line = Math.min(15, 138 / places.length);
    const right = cell => (width - across * size) / 2 + cell * size;
    const svg = draw('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': `Input, padding and windows. ${verdict.textContent}` });
    const square = (row, column, rows, columns, style) =>
      svg.append(draw('rect', { x: right(column), y: top + row * size, width: columns * size, height: rows * size, class: style }));

    if (axis.output !== null) {
      for (let a = 0; a < kernel; a++) {
        for (let b = 0; b < kernel; b++) {
          square(a * dilation, b * dilation, 1, 1, 'shade');
        }
      }
    }
    const mesh = (from, cells, style) => {
      let lines = '';
      for (let line = from; line <= from + cells; line++) {
        lines += `M${right(line)} ${top + from * size}v${cells * size}M${right(from)} ${top + line * size}h${cells * size}`;
      }
      svg.append(draw('path', { d: lines, class: `grid ${style}` }));
    };
    if (padding) {
      mesh(0, axis.padded, 'dashed');
    }
    mesh(padding, input, '');
    for (const cell of axis.unread) {
      svg.append(hatch(right(padding + cell), top + padding * size, size, input * size));
      svg.append(hatch(right(padding), top + (padding + cell) * size, input * size, size));
    }
    square(padding, padding, input, input, 'frame');
    if (axis.output !== null) {
      square(0, 0, axis.reach, axis.reach, 'window');
    }

    const under = top + axis.padded * size + 14;
    places.forEach((start, place) => {
      const y = under + place * line;
      const which = place ? '' : ' first';
      svg.append(draw('line', { x1: right(start) + 3, x2: right(start + axis.reach) - 3, y1: y, y2: y, class: `reach${which}` }));
      for (let tap = 0; tap < kernel; tap++) {
        svg.append(draw('circle', { cx: right(start + tap * dilation) + size / 2, cy: y, r: Math.min(3.5, size / 4, line / 2.2), class: `tap${which}` }));
      }
    });
    return svg;
  }

  /** Diagonal lines over a rectangle: what is never read. */
  function hatch(x, y, width, height) {
    let lines = '';
    for (let sum = 3; sum < width + height; sum += 6) {
      const [x0, y0] = sum < height ? [0, sum] : [sum - height, height];
      const [x1, y1] = sum < width ? [sum, 0] : [width, sum - width];
      lines += `M${x + x0} ${y + y0}L${x + x1} ${y + y1}`;
    }
    return draw('path', { d: lines, class: 'hatch' });
  }

  root.replaceChildren(
    make('div', { class: 'widget-columns', role: 'group', 'aria-label': 'Geometry calculator' },
      make('div', { class: 'widget-side' }, ...sliders, formula, verdict), make('div', {}, picture, key)));
  update();
});
