/* What mdBook's page lacks for readers who use a keyboard or a screen reader. */

'use strict';

(() => {
  // mdBook's sidebar button is the label of a hidden checkbox, which no key reaches. A button takes its place, and clicks it.
  const label = document.getElementById('mdbook-sidebar-toggle');
  const checkbox = document.getElementById('mdbook-sidebar-toggle-anchor');
  if (label && checkbox) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = label.className;
    button.title = label.title;
    button.append(...label.childNodes);
    const tell = () => button.setAttribute('aria-expanded', checkbox.checked);
    for (const name of ['aria-label', 'aria-controls']) {
      button.setAttribute(name, label.getAttribute(name));
    }
    button.addEventListener('click', () => label.click());
    checkbox.addEventListener('change', tell);
    tell();
    label.before(button);
    label.hidden = true;
  }
  for (const [id, attribute, value] of [
    ['menu-bar', 'role', 'banner'],
    ['search-wrapper', 'role', 'search'],
    ['searchbar', 'aria-label', 'Search this book'],
    ['searchbar', 'aria-describedby', 'mdbook-searchresults-header'],
    ['help-popup', 'role', 'dialog'],
    ['help-popup', 'aria-label', 'Keyboard shortcuts'],
  ]) {
    document.getElementById(`mdbook-${id}`)?.setAttribute(attribute, value);
  }
  document.addEventListener('DOMContentLoaded', () => document.documentElement.classList.add('contents-ready'));

  /** Blocks that are wider than the page take the focus, so that the arrow keys scroll them. */
  function focusWhatScrolls() {
    for (const block of document.querySelectorAll('pre > code, pre.literate-output, .literate-error, .table-wrapper, math[display="block"]')) {
      if (block.scrollWidth > block.clientWidth) {
        block.tabIndex = 0;
      } else {
        block.removeAttribute('tabindex');
      }
    }
  }
  focusWhatScrolls();
  addEventListener('resize', focusWhatScrolls);
  // A folded block has no width until it is opened.
  document.addEventListener('toggle', focusWhatScrolls, true);
})();
