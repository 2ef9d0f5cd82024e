//! The command line; see `docs/cli.md`.

fn main() -> std::process::ExitCode {
    graylane::cli::main()
}
