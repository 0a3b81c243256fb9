/* The receptive-field explorer: a stack of layers to edit, with each layer's size, jump and first pixel, and a picture of what one
   output number sees, layer by layer.

   `receptiveField.of` does the arithmetic; a test compares it with convcore's. */

'use strict';

window.receptiveField = {
  /** After each layer: how many numbers of the input one output number sees (`size`), how far apart in the input the fields
    of two neighbours are (`jump`), and which is the first that output number 0 sees (`first`; negative in the padding). */
  of(layers) {
    let [size, jump, first] = [1, 1, 0];
    return layers.map(({ kernel, stride, padding, dilation }) => {
      size += dilation * (kernel - 1) * jump;
      first -= padding * jump;
      jump *= stride;
      return { size, jump, first };
    });
  },

  /** How many numbers each layer gives; null from the first on that fits nowhere. */
  lengths(input, layers) {
    const all = [input];
    for (const { kernel, stride, padding, dilation } of layers) {
      const before = all[all.length - 1];
      const room = before === null ? -1 : before + 2 * padding - dilation * (kernel - 1) - 1;
      all.push(room < 0 ? null : Math.floor(room / stride) + 1);
    }
    return all;
  },
};

interactive.register('receptive-field', root => {
  const { make, draw, slider, count } = interactive;
  const layer = (kernel, stride = 1, padding = 0, dilation = 1) => ({ kernel, stride, padding, dilation });
  const stacks = {
    'Three 3 × 3': [layer(3), layer(3), layer(3)],
    'One 7 × 7': [layer(7)],
    'With pooling': [layer(3, 1, 1), layer(2, 2), layer(3, 1, 1), layer(2, 2)],
    'Dilated 1, 2, 4': [layer(3, 1, 1, 1), layer(3, 1, 2, 2), layer(3, 1, 4, 4)],
  };
  const [MOST, INPUT] = [6, { min: 4, max: 32, value: 15 }];
  const limits = { kernel: [1, 9], stride: [1, 4], padding: [0, 8], dilation: [1, 8] };
  let layers;
  let input = INPUT.value;

  const rows = make('tbody');
  const table = make('table', { class: 'widget-layers' },
    make('thead', {}, make('tr', {}, ...['layer', 'kernel', 'stride', 'padding', 'dilation', 'output', 'size', 'jump', 'first', '']
      .map(name => name ? make('th', { scope: 'col' }, name) : make('td')))), rows);
  const verdict = make('p', { class: 'widget-verdict', role: 'status' });
  const picture = make('div', { class: 'widget-picture' });
  const add = make('button', { click: () => { layers.push(layer(3)); rebuild(); } }, 'Add a layer');
  const starts = Object.keys(stacks).map(name => make('button', { click: () => start(name) }, name));

  function start(name) {
    layers = stacks[name].map(each => ({ ...each }));
    rebuild();
  }

  /** The table's rows anew: after a layer came or went. */
  function rebuild() {
    rows.replaceChildren(...layers.map((each, index) => make('tr', {},
      make('th', { scope: 'row' }, index + 1),
      ...Object.entries(limits).map(([name, [min, max]]) => make('td', {}, make('input', {
        type: 'number', min, max, value: each[name], 'aria-label': `${name} of layer ${index + 1}`,
        input: event => change(each, name, event.target),
      }))),
      ...['output', 'size', 'jump', 'first'].map(name => make('td', { class: name })),
      make('td', {}, make('button', {
        'aria-label': `Remove layer ${index + 1}`, disabled: layers.length === 1,
        click: () => {
          layers.splice(index, 1);
          rebuild();
          // The focused button is gone: go on with the one that took its place.
          rows.querySelectorAll('button')[Math.min(index, layers.length - 1)].focus();
        },
      }, '×')))));
    add.disabled = layers.length === MOST;
    update();
  }

  function change(each, name, field) {
    const [min, max] = limits[name];
    const value = Number(field.value);
    const valid = field.value !== '' && Number.isInteger(value) && value >= min && value <= max;
    field.setAttribute('aria-invalid', !valid);
    if (valid) {
      each[name] = value;
      update();
    } else {
      verdict.textContent = `The ${name} goes from ${min} to ${max}.`;
    }
  }

  function update() {
    const fields = window.receptiveField.of(layers);
    const lengths = window.receptiveField.lengths(input, layers);
    Array.from(rows.children).forEach((row, index) => {
      const { size, jump, first } = fields[index];
      const cells = { output: lengths[index + 1] ?? '–', size, jump, first: interactive.number(first) };
      for (const [name, value] of Object.entries(cells)) {
        row.querySelector(`.${name}`).textContent = value;
      }
    });
    const { size, jump } = fields[fields.length - 1];
    const misfit = lengths.indexOf(null);
    const { kernel, dilation, padding } = layers[Math.max(misfit, 1) - 1];
    const [result, remark] = misfit < 0
      ? [`One output number sees ${size} × ${size} numbers of the input.`,
        `Its neighbour sees a region ${count(jump, 'step')} further on.${size > input ? ' The input has fewer: the rest is padding.' : ''}`]
      : [`Layer ${misfit} fits nowhere.`,
        `Its kernel spans ${dilation * (kernel - 1) + 1} numbers, and it gets ${lengths[misfit - 1]}, plus ${padding} of padding on each side.`];
    verdict.replaceChildren(make('strong', {}, result), ` ${remark}`);
    verdict.classList.toggle('impossible', misfit >= 0);
    picture.replaceChildren(paint(lengths, misfit));
  }

  /** One axis of the stack: the input at the bottom, a row of dots for each layer, and the cone of the middle output number. */
  function paint(lengths, misfit) {
    // As wide as there is room, so that its text stays legible on a phone.
    const [width, height] = [Math.max(280, Math.min(700, picture.clientWidth || 700)), 330];
    const shown = misfit < 0 ? lengths : lengths.slice(0, misfit);
    const last = shown.length - 1;
    const top = 22;
    const gap = (height - 2 * top) / Math.max(last, 1);
    const y = level => (last ? top + (last - level) * gap : height / 2);

    // Positions in the input's own unit: the middle of what each number sees.
    const centre = [cell => cell];
    layers.slice(0, last).forEach(({ kernel, stride, padding, dilation }, index) => {
      const below = centre[index];
      const step = below(1) - below(0);
      centre.push(cell => below(0) + (cell * stride - padding + dilation * (kernel - 1) / 2) * step);
    });

    // Which numbers of each level the chosen output number sees; those outside the level lie in the padding, and see nothing.
    const seen = Array(last + 1);
    const links = [];
    seen[last] = [Math.floor((shown[last] - 1) / 2)];
    for (let level = last; level > 0; level--) {
      const { kernel, stride, padding, dilation } = layers[level - 1];
      const below = new Set();
      for (const cell of seen[level].filter(cell => cell >= 0 && cell < shown[level])) {
        for (let tap = 0; tap < kernel; tap++) {
          const under = cell * stride - padding + tap * dilation;
          links.push([level, cell, under]);
          below.add(under);
        }
      }
      seen[level - 1] = Array.from(below);
    }
    const places = seen.flatMap((cells, level) => cells.map(centre[level]));
    const [low, high] = [Math.min(0, ...places), Math.max(input - 1, ...places)];
    const unit = Math.min(40, (width - 90) / Math.max(high - low, 1));
    const x = place => 72 + (width - 90 - (high - low) * unit) / 2 + (place - low) * unit;
    const radius = Math.max(2.5, Math.min(8, unit * 0.36, gap * 0.3));

    const svg = draw('svg', {
      viewBox: `0 0 ${width} ${height}`, width, height, role: 'img',
      'aria-label': `The layers, drawn along one axis, and the ${count(seen[0].length, 'number')} of the input that the middle output number sees.`,
    });
    const point = (level, cell) => `${x(centre[level](cell)).toFixed(1)} ${y(level).toFixed(1)}`;
    const lines = links.map(([level, cell, under]) => `M${point(level, cell)}L${point(level - 1, under)}`);
    svg.append(draw('path', { d: lines.join(''), class: 'link' }));
    shown.forEach((length, level) => {
      svg.append(draw('text', { x: 0, y: y(level) + 5, class: 'level' }, level ? `layer ${level}` : 'input'));
      const dot = (cell, style) => svg.append(draw('circle', {
        cx: x(centre[level](cell)), cy: y(level), r: style ? radius : radius * 0.7, class: `unit ${style}`,
      }));
      seen[level].filter(cell => cell < 0 || cell >= length).forEach(cell => dot(cell, 'padding'));
      for (let cell = 0; cell < length; cell++) {
        dot(cell, seen[level].includes(cell) ? 'seen' : '');
      }
    });
    return svg;
  }

  root.replaceChildren(make('div', { role: 'group', 'aria-label': 'Receptive-field explorer' },
    make('div', { class: 'playground-presets' }, make('span', {}, 'Start from'), ...starts),
    make('div', { class: 'widget-scroll', role: 'region', 'aria-label': 'The layers', tabindex: 0 }, table),
    make('div', { class: 'widget-row' }, add, slider('length of the input', INPUT, value => { input = value; update(); }).row),
    verdict, picture,
    make('p', { class: 'widget-key' }, 'One axis of the stack. Filled dots: what the middle output number sees; dashed: padding.')));
  start('Three 3 × 3');
  addEventListener('resize', update);
});
