//! The faunalens command.

mod cli;

use std::process::ExitCode;

/// Serves ONNX Runtime too, which is loaded later.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run(cli::parse()) {
        Ok(code) => code,
        Err(error) if cli::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            cli::tell(format!("faunalens: {error:#}"));
            if let Some(hint) = cli::hint(&error) {
                cli::tell(format!("faunalens: {hint}"));
            }
            ExitCode::from(2)
        }
    }
}
