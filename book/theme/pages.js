/* What mdBook's page lacks for readers who use a keyboard or a screen reader: a sidebar button that takes the focus, a landmark
   for the menu bar, and wide blocks that can be scrolled with the arrow keys. */

'use strict';

(() => {
    const toggle = document.getElementById('mdbook-sidebar-toggle');
    if (toggle) {
        toggle.setAttribute('role', 'button');
        toggle.tabIndex = 0;
        toggle.addEventListener('keydown', event => {
            if (event.key === 'Enter' || event.key === ' ') {
                event.preventDefault();
                toggle.click();
            }
        });
    }
    document.getElementById('mdbook-menu-bar')?.setAttribute('role', 'banner');

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
