//! `cargo xtask serve`: the book on this machine, following every change.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use crate::{Outcome, process, report, tools};

/// Builds and serves the book until Ctrl-C. The address is the loopback one: nobody else on the network sees it.
pub(crate) fn serve(port: u16, open: bool) -> Outcome {
    // Asked before the installation, which takes minutes, and not after it.
    check_free(port)?;
    tools::mdbook()?;
    build_programs()?;
    eprintln!(
        "── Building the book. It is served on http://127.0.0.1:{port} as soon as it is built; Ctrl-C ends it."
    );
    let mut mdbook = Command::new("mdbook");
    mdbook
        .args([
            "serve",
            "--hostname",
            "127.0.0.1",
            "--port",
            &port.to_string(),
        ])
        .env("PATH", tools::path());
    if open {
        mdbook.arg("--open");
    }
    process::become_program(&mut mdbook)
}

/// Builds what `book.toml` starts with `cargo run --quiet`: here one sees the progress.
pub(crate) fn build_programs() -> Outcome {
    build_program("mdbook-literate")?;
    build_program("mdbook-mathml")
}

/// Builds one program as `cargo run` will ask for it. Two at once could share features, and be built twice.
fn build_program(package: &str) -> Outcome {
    report::timed(&format!("Building {package}, which book.toml runs"), || {
        process::run(&mut process::cargo(["build", "--package", package]))
    })
}

/// Fails when something listens on the port already.
pub(crate) fn check_free(port: u16) -> Outcome {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(format!(
            "port {port} is in use: end what runs there, or choose another with --port"
        )),
        Err(error) => Err(format!("cannot listen on port {port}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named() {
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        let message = check_free(port).unwrap_err();
        assert!(
            message.contains(&format!("port {port} is in use")),
            "{message}"
        );
        drop(other);
        assert_eq!(check_free(port), Ok(()));
    }
}
