/* The kernel playground: nine numbers to edit, and the figure's photograph as they change it.

   `kernels.crossCorrelate` does the arithmetic; a test compares it with convcore's corr2d. */

'use strict';

window.kernels = {
  /** The presets: their name, the nine weights, and how the result is best shown if not as brightness. */
  presets: [
    { name: 'Identity', weights: [0, 0, 0, 0, 1, 0, 0, 0, 0] },
    { name: 'Blur', weights: Array(9).fill(1 / 9) },
    { name: 'Sharpen', weights: [0, -1, 0, -1, 5, -1, 0, -1, 0] },
    { name: 'Sobel x', weights: [-1, 0, 1, -2, 0, 2, -1, 0, 1], show: 'sign' },
    { name: 'Sobel y', weights: [-1, -2, -1, 0, 0, 0, 1, 2, 1], show: 'sign' },
    { name: 'Emboss', weights: [-2, -1, 0, -1, 1, 1, 0, 1, 2] },
    { name: 'Laplacian', weights: [0, 1, 0, 1, -4, 1, 0, 1, 0], show: 'sign' },
  ],

  /** The cross-correlation of a picture (row by row, `columns` wide) with a kernel of 3 by 3, where the window fits. */
  crossCorrelate(pixels, rows, columns, weights) {
    const result = new Float32Array((rows - 2) * (columns - 2));
    for (let row = 0; row < rows - 2; row++) {
      for (let column = 0; column < columns - 2; column++) {
        let sum = 0;
        for (let a = 0; a < 3; a++) {
          for (let b = 0; b < 3; b++) {
            sum += pixels[(row + a) * columns + column + b] * weights[3 * a + b];
          }
        }
        result[row * (columns - 2) + column] = sum;
      }
    }
    return result;
  },

  /** A result as brightnesses from 0 to 255: as it is (clipped), with 0 as mid-grey, or by its strength alone. */
  toBrightness(values, show) {
    const shown = {
      brightness: value => 255 * value,
      sign: value => 127.5 * (1 + value),
      strength: value => 255 * Math.abs(value),
    }[show];
    return Uint8ClampedArray.from(values, shown);
  },

  /** The grey values, 0 to 1, of a loaded image. */
  readPixels(image) {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return Float32Array.from({ length: data.length / 4 }, (_, pixel) => data[4 * pixel] / 255);
  },
};

interactive.register('kernel-playground', root => {
  const { make, number } = interactive;
  const { presets, crossCorrelate, toBrightness, readPixels } = window.kernels;
  const image = root.querySelector('img');
  const [columns, rows] = [image.width, image.height];
  let pixels = null;

  const cells = Array.from({ length: 9 }, (_, index) => make('input', {
    autocomplete: 'off', spellcheck: 'false', size: 5,
    'aria-label': `weight in row ${Math.floor(index / 3)}, column ${index % 3}`,
    input: () => update(),
  }));
  const show = make('select', { change: () => update() },
    make('option', { value: 'brightness' }, 'as brightness, 0 to 1'),
    make('option', { value: 'sign' }, 'with 0 as grey'),
    make('option', { value: 'strength' }, 'strength, without the sign'));
  const buttons = presets.map(preset => make('button', { 'aria-pressed': 'false', click: () => choose(preset) }, preset.name));
  const canvas = make('canvas', { width: columns - 2, height: rows - 2, role: 'img', 'aria-label': 'The photograph, filtered.' });
  const sum = make('p', { class: 'widget-verdict', role: 'status' });

  function choose(preset) {
    cells.forEach((cell, index) => {
      cell.value = number(preset.weights[index], 3);
    });
    show.value = preset.show ?? 'brightness';
    update(preset.weights);
  }

  /** The nine weights as typed: a fraction such as 1/9 is allowed; null when one is no number. */
  function typed() {
    const weights = cells.map(cell => {
      const parts = cell.value.trim().replace(/\u2212/g, '-').replace(',', '.').split('/').map(part => part.trim());
      const value = parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(parts[0]);
      const valid = parts.length <= 2 && !parts.includes('') && Number.isFinite(value);
      cell.setAttribute('aria-invalid', !valid);
      return valid ? value : NaN;
    });
    return weights.some(Number.isNaN) ? null : weights;
  }

  /** Filters the photograph anew. A preset's weights are used as they are: 1/9 does not suffer from its three decimals. */
  function update(exact = null) {
    const read = typed();
    const weights = exact ?? read;
    const current = presets.find(preset => weights && preset.weights.every((weight, index) => Math.abs(weight - weights[index]) < 5e-4));
    buttons.forEach((button, index) => button.setAttribute('aria-pressed', presets[index] === current));
    if (!weights) {
      sum.textContent = 'Each cell takes a number, such as 0.5, −1 or 1/9. The picture waits for it.';
      return;
    }
    const total = weights.reduce((all, weight) => all + weight, 0);
    sum.textContent = `The weights add up to ${number(total, 2)}: ` + (
      Math.abs(total) < 1e-3 ? 'an even surface gives 0.'
        : Math.abs(total - 1) < 5e-3 ? 'an even surface keeps its brightness.'
          : `an even surface becomes ${number(total, 2)} times as bright.`);
    if (pixels) {
      paint(crossCorrelate(pixels, rows, columns, current ? current.weights : weights));
    }
  }

  function paint(values) {
    const picture = new ImageData(columns - 2, rows - 2);
    toBrightness(values, show.value).forEach((brightness, pixel) => {
      picture.data.fill(brightness, 4 * pixel, 4 * pixel + 3);
      picture.data[4 * pixel + 3] = 255;
    });
    canvas.getContext('2d').putImageData(picture, 0, 0);
  }

  root.replaceChildren(
    make('div', { class: 'playground-panels', role: 'group', 'aria-label': 'Kernel playground' },
      make('div', { class: 'playground-picture' }, image, make('span', {}, 'photograph')),
      make('fieldset', { class: 'playground-kernel' }, make('legend', {}, 'kernel'), ...cells),
      make('div', { class: 'playground-picture' }, canvas, make('span', {}, 'result'))),
    make('div', { class: 'playground-presets', role: 'group', 'aria-label': 'Kernels to start from' }, ...buttons),
    make('label', { class: 'playground-show' }, 'Show the result ', show),
    sum);
  choose(presets[3]);
  image.decode().then(() => {
    pixels = readPixels(image);
    update();
  });
});
