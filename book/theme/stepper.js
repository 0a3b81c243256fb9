/* Steppers: figures that show an operation one window at a time.

   convcore computes everything and puts it into the page: one SVG a panel, and as JSON one frame a step. This script adds
   the controls, moves the marked windows, writes out the products of the step, and fills the result cell by cell. Without
   it, and in print, the page shows one step with its products and the whole result.

   `stepper_page.rs` in convcore explains the JSON. */

'use strict';

interactive.register('stepper', root => {
  const { make, draw } = interactive;
  const { frames, results, still } = JSON.parse(root.querySelector('script').textContent);
  const panels = Array.from(root.querySelectorAll('.stepper-panel svg'), svg => ({
    cell: svg.dataset.cell.split(' ').map(Number),
    shades: svg.querySelector('.stepper-shades'),
    outlines: svg.querySelector('.stepper-outlines'),
    values: Array.from(svg.querySelectorAll('.stepper-values > *')),
    shape: '',
  }));
  const [at, work] = [root.querySelector('.stepper-at'), root.querySelector('.stepper-work')];
  const last = frames.length - 1;
  const pace = 1400;
  let [current, timer] = [still, null];

  const icons = {
    first: 'M7 5v14M18 5l-7 7 7 7',
    back: 'M15 5l-7 7 7 7',
    play: 'M8 5v14l11-7z',
    pause: 'M8 5v14M16 5v14',
    forward: 'M9 5l7 7-7 7',
  };
  const icon = name => draw('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, draw('path', { d: icons[name], class: name }));
  const button = (name, label, click) => make('button', { 'aria-label': label, title: label, click }, icon(name));
  const slider = make('input', { type: 'range', min: 0, max: last, step: 1, value: still, 'aria-label': 'Step', input: () => go(Number(slider.value)) });
  const counter = make('span', { class: 'stepper-count', 'aria-hidden': 'true' });
  // Read aloud after a button was pressed; a slider speaks for itself, and playing would be a torrent.
  const spoken = make('div', { class: 'stepper-spoken', 'aria-live': 'polite' });
  const first = button('first', 'First step', () => go(0, true));
  const back = button('back', 'Step back', () => go(current - 1, true));
  const play = button('play', 'Play', () => (timer ? pause() : start()));
  const forward = button('forward', 'Step forward', () => go(current + 1, true));

  /** Shows a step, and stops playing: the reader took over. */
  function go(step, speak = false) {
    pause();
    show(Math.max(0, Math.min(last, step)));
    spoken.textContent = speak ? `Step ${current + 1} of ${frames.length}. ${frames[current].at}: ${frames[current].work}` : '';
  }

  function show(step) {
    current = step;
    const frame = frames[step];
    panels.forEach((panel, index) => mark(panel, frame.marks.filter(each => each[0] === index)));
    for (const index of results) {
      panels[index].values.forEach((value, place) => value.classList.toggle('unfilled', place > step));
    }
    at.textContent = frame.at;
    work.textContent = frame.work;
    slider.value = step;
    slider.setAttribute('aria-valuetext', `Step ${step + 1} of ${frames.length}: ${frame.at}`);
    counter.textContent = `${step + 1} / ${frames.length}`;
    for (const [each, end] of [[first, 0], [back, 0], [forward, last]]) {
      each.setAttribute('aria-disabled', step === end);
    }
  }

  /** Moves a panel's marks; draws them anew only when their shape changed, so that a window glides. */
  function mark(panel, marks) {
    const shape = JSON.stringify(marks.map(([, , , ...size]) => size));
    const groups = [panel.shades, panel.outlines];
    if (shape !== panel.shape) {
      panel.shape = shape;
      for (const group of groups) {
        group.replaceChildren(...marks.map(each => draw('g', {}, ...boxes(panel, each))));
      }
    }
    const [width, height] = panel.cell;
    for (const group of groups) {
      marks.forEach(([, row, column], index) => {
        group.children[index].style.transform = `translate(${column * width}px, ${row * height}px)`;
      });
    }
  }

  /** The rectangles of a mark: one when its cells lie side by side, else one for each. */
  function boxes({ cell: [width, height] }, [, , , rows, columns, rowGap = 1, columnGap = 1]) {
    const [down, tall] = rowGap === 1 ? [1, rows] : [rows, 1];
    const [across, wide] = columnGap === 1 ? [1, columns] : [columns, 1];
    return Array.from({ length: down * across }, (_, box) => draw('rect', {
      x: (box % across) * columnGap * width, y: Math.floor(box / across) * rowGap * height, width: wide * width, height: tall * height,
    }));
  }

  function start() {
    if (current === last) {
      show(0);
    }
    timer = setInterval(() => (current === last ? pause() : show(current + 1)), pace);
    label('pause', 'Pause');
    spoken.textContent = '';
  }

  function pause() {
    if (timer) {
      clearInterval(timer);
      timer = null;
      label('play', 'Play');
    }
  }

  function label(name, text) {
    play.replaceChildren(icon(name));
    play.setAttribute('aria-label', text);
    play.title = text;
  }

  root.querySelector('.stepper-controls').append(first, back, play, forward, slider, counter, spoken);
  root.addEventListener('keydown', event => {
    if (event.target === slider || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const step = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: last }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      go(step, true);
    }
  });

  /** A printed page shows what a page without scripts shows: one step, and the whole result. */
  function print(printing) {
    if (printing) {
      pause();
      const step = current;
      show(still);
      current = step;
      root.querySelectorAll('.unfilled').forEach(value => value.classList.remove('unfilled'));
    } else {
      show(current);
    }
  }
  matchMedia('print').addEventListener('change', event => print(event.matches));

  show(still);
});
