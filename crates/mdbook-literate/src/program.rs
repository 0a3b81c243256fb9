//! Makes one Rust program of a chapter's blocks, and remembers which line came from where.

use std::ops::Range;

use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;

use crate::chapter::{Block, Chapter, Mark};

const RUNTIME: &str = include_str!("../assets/runtime.rs");

/// A program made of a chapter.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its source.
    pub text: String,
    /// For each line of the source, the code it was taken from.
    lines: Vec<Option<Taken>>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a program is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To run all the blocks.
    Chapter,
    /// To fail to compile at this block.
    CompileFail(usize),
}

/// A piece of a block's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The block.
    pub block: usize,
    /// The line within the block's code, from 0.
    pub line: usize,
    /// The character within the line at which the piece begins.
    pub column: usize,
}

/// A place in a block's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The block.
    pub block: usize,
    /// The line within the block's code, from 0.
    pub line: usize,
    /// The character within that line, from 0.
    pub column: usize,
}

impl Program {
    /// The program that runs the chapter; none when it has nothing to run.
    pub fn of(chapter: &Chapter, prelude: &str) -> Option<Program> {
        let has_code = |block: &Block| {
            block.mark != Mark::Ignore && !matches!(block.mark, Mark::CompileFail(_))
        };
        if !chapter.blocks.iter().any(has_code) {
            return None;
        }
        // A block whose brackets do not match would drag the others into its error.
        if let Some(broken) = chapter
            .blocks
            .iter()
            .position(|block| has_code(block) && !balanced(&block.code()))
        {
            return Some(Writer::default().program(chapter, &[broken], "", Purpose::Chapter));
        }
        let blocks: Vec<usize> = (0..chapter.blocks.len())
            .filter(|at| has_code(&chapter.blocks[*at]))
            .collect();
        Some(Writer::default().program(chapter, &blocks, prelude, Purpose::Chapter))
    }

    /// The programs that must not compile: each has one such block after those before it.
    pub fn failing(chapter: &Chapter, prelude: &str) -> Vec<Program> {
        let mut before = Vec::new();
        let mut programs = Vec::new();
        for (at, block) in chapter.blocks.iter().enumerate() {
            match block.mark {
                Mark::Run => before.push(at),
                Mark::CompileFail(_) => {
                    let blocks = if balanced(&block.code()) {
                        [&before[..], &[at]].concat()
                    } else {
                        vec![at]
                    };
                    programs.push(Writer::default().program(
                        chapter,
                        &blocks,
                        prelude,
                        Purpose::CompileFail(at),
                    ));
                }
                _ => {}
            }
        }
        programs
    }

    /// The place in a block that a line and column of the source (both from 1) were taken from.
    pub fn place(&self, line: usize, column: usize) -> Option<Place> {
        let taken = (*self.lines.get(line.checked_sub(1)?)?)?;
        Some(Place {
            block: taken.block,
            line: taken.line,
            column: taken.column + column.saturating_sub(1),
        })
    }

    /// The place nearest above a line of the source: for what the compiler says of the code around a block.
    pub fn nearest(&self, line: usize) -> Option<Place> {
        let above = self.lines.iter().take(line).rev().find_map(|taken| *taken);
        above.map(|taken| Place {
            block: taken.block,
            line: taken.line,
            column: taken.column,
        })
    }
}

/// What the syntax of a block tells.
#[derive(Default, Debug)]
pub struct Syntax {
    /// Attributes of the whole program, such as `#![feature(...)]`.
    pub attributes: Vec<Range<usize>>,
    /// The last expression, when nothing ends it.
    pub tail: Option<usize>,
    /// Whether it has a `main` of its own, and whether that returns something.
    pub main: Option<bool>,
}

impl Syntax {
    /// Reads the code; nothing is known of code that has mistakes.
    pub fn of(code: &str) -> Syntax {
        let parse = |input: ParseStream<'_>| {
            let attributes = input.call(syn::Attribute::parse_inner)?;
            Ok((attributes, input.call(syn::Block::parse_within)?))
        };
        let Ok((attributes, statements)) = parse.parse_str(code) else {
            return Syntax::default();
        };
        let main = statements.iter().find_map(|statement| match statement {
            syn::Stmt::Item(syn::Item::Fn(function))
                if function.sig.ident == "main" && function.sig.inputs.is_empty() =>
            {
                Some(matches!(function.sig.output, syn::ReturnType::Type(..)))
            }
            _ => None,
        });
        let tail = match statements.last() {
            Some(syn::Stmt::Expr(expression, None)) => Some(expression.span()),
            Some(syn::Stmt::Macro(call)) if call.semi_token.is_none() => Some(call.span()),
            _ => None,
        };
        Syntax {
            attributes: attributes
                .iter()
                .map(|attribute| attribute.span().byte_range())
                .collect(),
            tail: tail.map(|span| span.byte_range().start),
            main,
        }
    }
}

/// Whether the brackets match and the quotes are closed.
fn balanced(code: &str) -> bool {
    code.parse::<proc_macro2::TokenStream>().is_ok()
}

#[derive(Default)]
struct Writer {
    text: String,
    lines: Vec<Option<Taken>>,
}

impl Writer {
    fn program(
        mut self,
        chapter: &Chapter,
        blocks: &[usize],
        prelude: &str,
        purpose: Purpose,
    ) -> Program {
        let codes: Vec<(usize, String, Syntax)> = blocks
            .iter()
            .map(|at| {
                let code = chapter.blocks[*at].code();
                let syntax = Syntax::of(&code);
                (*at, code, syntax)
            })
            .collect();
        self.own("#![allow(warnings, clippy::all)]");
        for (block, code, syntax) in &codes {
            syntax
                .attributes
                .iter()
                .for_each(|range| self.taken(*block, code, range.clone()));
        }
        self.own("fn main() {\n    __literate::run(chapter);\n}\n");
        self.own("fn chapter() -> ::std::result::Result<(), __literate::Failure> {");
        self.own("    use __literate::{Outcome as _, Show as _};");
        if !prelude.trim().is_empty() {
            self.own(prelude.trim_end());
        }
        for (block, code, syntax) in &codes {
            self.block(*block, code, syntax, &chapter.blocks[*block].mark);
        }
        self.own("::std::result::Result::Ok(())");
        self.own(&"}".repeat(codes.len()));
        self.own("}\n");
        self.own(RUNTIME.trim_end());
        Program {
            text: self.text,
            lines: self.lines,
            purpose,
        }
    }

    /// Opens a scope that stays open, so that later blocks see what this one defines and may define it anew.
    fn block(&mut self, block: usize, code: &str, syntax: &Syntax, mark: &Mark) {
        self.own(&format!("\n// Block {}.\n{{", block + 1));
        match mark {
            Mark::NoRun => {
                self.own("if __literate::never() { (|| -> ::std::result::Result<(), __literate::Failure> {");
                self.body(block, code, syntax);
                self.own("::std::result::Result::Ok(()) })()?; }");
            }
            Mark::ShouldPanic => {
                self.own(&format!("__literate::block({block});"));
                self.own("__literate::should_panic(|| -> ::std::result::Result<(), __literate::Failure> {");
                self.body(block, code, syntax);
                self.own("::std::result::Result::Ok(()) })?;");
            }
            _ => {
                self.own(&format!("__literate::block({block});"));
                self.body(block, code, syntax);
            }
        }
    }

    fn body(&mut self, block: usize, code: &str, syntax: &Syntax) {
        let start = syntax
            .attributes
            .last()
            .map_or(0, |attribute| attribute.end);
        match syntax.tail {
            Some(tail) => {
                self.taken(block, code, start..tail);
                self.own("(");
                self.taken(block, code, tail..code.len());
                self.own(").evcxr_display();");
            }
            None => self.taken(block, code, start..code.len()),
        }
        if let Some(returns) = syntax.main {
            self.own(if returns {
                "main().check()?;"
            } else {
                "main();"
            });
        }
    }

    fn own(&mut self, text: &str) {
        for line in text.split('\n') {
            self.line(line, None);
        }
    }

    fn taken(&mut self, block: usize, code: &str, range: Range<usize>) {
        let mut at = 0;
        for (line, text) in code.split('\n').enumerate() {
            let (start, end) = (
                range.start.clamp(at, at + text.len()),
                range.end.clamp(at, at + text.len()),
            );
            if at <= range.end && range.start <= at + text.len() && (start < end || text.is_empty())
            {
                let column = text[..start - at].chars().count();
                self.line(
                    &text[start - at..end - at],
                    Some(Taken {
                        block,
                        line,
                        column,
                    }),
                );
            }
            at += text.len() + 1;
        }
    }

    fn line(&mut self, text: &str, taken: Option<Taken>) {
        self.text.push_str(text);
        self.text.push('\n');
        self.lines.push(taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_traced_to_its_block() {
        let program = Program::of(
            &Chapter::of("```rust\nlet a = 1;\nlet b = 2; a + b // sum\n```\n"),
            "",
        )
        .expect("a program");
        let at = program
            .text
            .lines()
            .position(|line| line == "a + b // sum")
            .expect("the last expression has a line of its own");
        assert_eq!(
            program.place(at + 1, 5),
            Some(Place {
                block: 0,
                line: 1,
                column: 15
            })
        );
        assert_eq!(program.place(1, 1), None);
    }

    #[test]
    fn the_last_expression_is_found_as_evcxr_finds_it() {
        let tail = |code| Syntax::of(code).tail;
        assert_eq!(tail("let a = 1; a"), Some(11));
        assert_eq!(tail("for _ in 0..2 {}"), Some(0));
        assert_eq!(tail("println!()"), Some(0));
        assert_eq!(tail("f();"), None);
        assert_eq!(tail("fn f() {}"), None);
        assert_eq!(tail("let é = 1; é"), Some(12));
    }

    #[test]
    fn attributes_of_the_program_go_to_its_top() {
        let program = Program::of(
            &Chapter::of(
                "```rust\n#![feature(never_type)]\n#![allow(dead_code)]\nlet a = 1;\n```\n",
            ),
            "",
        )
        .expect("a program");
        let lines: Vec<&str> = program.text.lines().collect();
        assert_eq!(
            lines[1..3],
            ["#![feature(never_type)]", "#![allow(dead_code)]"]
        );
        assert_eq!(program.text.matches("#![feature").count(), 1);
    }

    #[test]
    fn a_block_with_an_open_bracket_stands_alone() {
        let program = Program::of(
            &Chapter::of("```rust\nlet a = 1;\n```\n\n```rust\nlet b = (1;\n```\n"),
            "",
        )
        .expect("a program");
        assert!(!program.text.contains("let a = 1;"));
    }

    #[test]
    fn a_block_that_must_not_compile_sees_those_before_it() {
        let programs = Program::failing(
            &Chapter::of("```rust\nlet a = 1;\n```\n\n```rust,compile_fail\nlet b: () = a;\n```\n"),
            "",
        );
        assert!(programs[0].text.contains("let a = 1;"));
        assert_eq!(programs[0].purpose, Purpose::CompileFail(1));
    }
}
