//! The port to the `git` program. The program's user implements it, with the variables and limits of all its commands.

/// Runs git in one repository.
pub trait GitProgram: Send + Sync {
    /// Runs git with these arguments and this standard input, and waits for it.
    ///
    /// It must ask for nothing on the terminal, print messages in English, and run no hook.
    ///
    /// # Errors
    ///
    /// When git cannot be started, takes too long, or the run is interrupted.
    fn run(&self, arguments: &[&str], input: Vec<u8>) -> Result<GitAnswer, String>;
}

/// What git answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitAnswer {
    /// Whether its exit code is zero.
    pub is_success: bool,
    /// The standard output.
    pub output: Vec<u8>,
    /// The standard error: messages of git and of the remote, which are untrusted.
    pub messages: String,
}
