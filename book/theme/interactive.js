/* The loader of the book's interactive parts, and the few helpers that they share.

   A page with a stepper (`<div class="stepper">`, made by convcore's figures) or a widget (`<div class="widget"
   data-widget="NAME">`) gets the script of that name from this folder. Each registers what brings one element to life. */

'use strict';

window.interactive = (() => {
  /** What each script registered: its name, and the function that starts one element. */
  const started = {};

  /** Called by a script: `start(element)` brings one element to life. */
  function register(name, start) {
    started[name] = start;
    for (const element of elements().filter(element => nameOf(element) === name)) {
      begin(element);
    }
  }

  function begin(element) {
    element.setAttribute('data-ready', '');
    try {
      started[nameOf(element)](element);
    } catch (error) {
      // The reader keeps what the page shows without scripts.
      element.removeAttribute('data-ready');
      element.setAttribute('data-failed', '');
      throw error;
    }
    // mdBook turns the page's arrow keys into chapter changes; in here they belong to the controls.
    element.addEventListener('keydown', event => {
      if (event.key.startsWith('Arrow')) {
        event.stopPropagation();
      }
    });
  }

  const nameOf = element => element.dataset.widget || 'stepper';
  const elements = () => Array.from(document.querySelectorAll('.stepper, .widget[data-widget]'));

  function load() {
    for (const name of new Set(elements().map(nameOf))) {
      const script = document.createElement('script');
      script.src = `${path_to_root}theme/${name}.js`;
      document.head.append(script);
    }
  }

  /** An element: `make('p', { class: 'note' }, 'text', child, ...)`; functions become event listeners. */
  function make(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
  }

  /** An element of SVG. */
  function draw(tag, attributes = {}, ...children) {
    return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
  }

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === 'function') {
        element.addEventListener(name, value);
      } else if (value !== undefined && value !== false) {
        element.setAttribute(name, value === true ? '' : value);
      }
    }
    element.append(...children);
    return element;
  }

  /** A labelled slider that shows its number: `{ row, input }`. `change` is called with the number at each move. */
  function slider(label, { min, max, value }, change) {
    // A slider says its number itself.
    const shown = make('span', { class: 'widget-number', 'aria-hidden': 'true' }, value);
    const input = make('input', {
      type: 'range', min, max, value, step: 1, input: () => {
        shown.textContent = input.value;
        change(Number(input.value));
      },
    });
    return { row: make('label', { class: 'widget-slider' }, make('span', {}, label), input, shown), input };
  }

  /** A number as the figures write it: at most `decimals` decimals, with a true minus sign. */
  function number(value, decimals = 2) {
    const text = String(Number(value.toFixed(decimals)));
    return text === '-0' ? '0' : text.replace('-', '\u2212');
  }

  /** "1 column", "2 columns". */
  const count = (amount, noun) => `${amount} ${noun}${amount === 1 ? '' : 's'}`;

  /** "2", "2 and 4", "2, 4 and 6". */
  function list(items) {
    return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
  }

  // mdBook puts this script below the chapter, so the elements are there.
  load();
  return { register, make, draw, slider, number, count, list };
})();
