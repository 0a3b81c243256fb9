/* Colours the code of this book's pages: Rust, some Python, and what a reader types into a terminal.

   It stands in for highlight.js (140 KB): it has what mdBook's script calls, `hljs.configure` and `hljs.highlightBlock`, and
   its classes. One pattern a language finds the tokens; hidden lines (`<span class="boring">`) stay as they are. */

'use strict';

window.hljs = (() => {
  const words = list => list.split(' ').join('|');
  const rust = pattern({
    comment: String.raw`//.*|/\*[\s\S]*?\*/`,
    string: String.raw`b?r(?<hashes>#*)"[\s\S]*?"\k<hashes>|[bc]?"(?:\\[\s\S]|[^"\\])*"|b?'(?:\\(?:x..|u\{\w+\}|.)|[^\\'\n])'`,
    symbol: String.raw`'[a-z_]\w*`,
    meta: String.raw`#!?\[[^\]]*\]`,
    number: String.raw`\b\d[\d_]*(?:\.(?!\.|[A-Za-z_])[\d_]*)?(?:e[+-]?\d+)?(?:[iuf](?:8|16|32|64|128|size))?|\b0[xob][\da-fA-F_]+`,
    keyword: String.raw`\b(?:${words('as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait type unsafe use where while')})\b`,
    literal: String.raw`\b(?:true|false|None|Some|Ok|Err)\b`,
    type: String.raw`\b(?:bool|char|str|[iu](?:8|16|32|64|128|size)|f32|f64|[A-Z]\w*[a-z]\w*)\b`,
    built_in: String.raw`\b[a-z_]\w*!(?=[(\[{])`,
  });
  const quoted = `"[^"]*"|'[^']*'`;
  const shell = pattern({
    comment: String.raw`(?:^|\s)#.*`,
    meta: String.raw`^[$>](?= )`,
    string: quoted,
  });
  const python = pattern({
    comment: String.raw`#.*`,
    string: quoted,
    number: String.raw`\b\d[\d_]*(?:\.\d+)?`,
    keyword: String.raw`\b(?:${words('as class def elif else for from if import in lambda not or and return self while with True False None')})\b`,
    type: String.raw`\b[A-Z]\w*[a-z]\w*\b`,
  });
  // `rs` is Rust of another crate, which this book does not run.
  const languages = { rust, rs: rust, python, console: shell };

  /** One pattern with a group for each kind of token. */
  function pattern(kinds) {
    const groups = Object.entries(kinds).map(([kind, source]) => `(?<${kind}>${source})`);
    return new RegExp(groups.join('|'), 'gm');
  }

  function highlightBlock(block) {
    const tokens = languages[block.className.match(/\blanguage-(\w+)/)?.[1]];
    if (!tokens) {
      return;
    }
    // Find tokens in the text as a whole, then colour them where they lie, node by node.
    const text = block.textContent;
    const found = Array.from(text.matchAll(tokens), ({ 0: { length }, index, groups }) => ({
      kind: Object.keys(groups).find(group => group !== 'hashes' && groups[group] !== undefined), start: index, end: index + length,
    }));
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    let [node, offset, token] = [walker.nextNode(), 0, 0];
    while (node) {
      const coloured = node;
      const end = offset + node.data.length;
      const pieces = document.createDocumentFragment();
      let position = offset;
      while (position < end) {
        while (token < found.length && found[token].end <= position) {
          token++;
        }
        const next = found[token];
        const inside = next && next.start <= position;
        const until = Math.min(end, next ? (inside ? next.end : next.start) : end);
        let piece = text.slice(position, until);
        if (inside) {
          const span = document.createElement('span');
          span.className = `hljs-${next.kind}`;
          span.append(piece);
          piece = span;
        }
        pieces.append(piece);
        position = until;
      }
      node = walker.nextNode();
      coloured.replaceWith(pieces);
      offset = end;
    }
  }

  return { configure() {}, highlightBlock };
})();
