//! An agent as a child process, with the target that uses it.

use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use evenkeel_host::wire::client::Client;
use evenkeel_host::{
    Action, ActionError, Answer, Batches, Interruption, Materials, Observer, Performed, Query,
    Target,
};
use evenkeel_model::Sealer;

/// Returns the program.
pub const AGENT: &str = env!("CARGO_BIN_EXE_evenkeel-agent");

/// Starts the agent with pipes.
pub fn spawn() -> Child {
    Command::new(AGENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

pub struct AgentTarget {
    /// `None` once it is closed.
    client: Option<Client<ChildStdout, ChildStdin>>,
    child: Child,
}

impl AgentTarget {
    pub fn start(sealer: &Sealer) -> Self {
        let mut child = spawn();
        let (reader, writer) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let client = Some(Client::open(reader, writer, sealer).unwrap());
        Self { client, child }
    }

    fn client(&self) -> &Client<ChildStdout, ChildStdin> {
        self.client.as_ref().unwrap()
    }
}

impl Observer for AgentTarget {
    fn observe(&self, queries: &[Query]) -> Vec<Answer> {
        self.client().observe(queries)
    }

    fn observe_batches(&self, batches: Batches<'_>, found: &mut dyn FnMut(Vec<Answer>)) {
        self.client().observe_batches(batches, found);
    }
}

impl Target for AgentTarget {
    fn perform(
        &self,
        actions: &[Action],
        materials: &dyn Materials,
        interruption: &Interruption,
    ) -> Vec<Result<Performed, ActionError>> {
        self.client().perform(actions, materials, interruption)
    }
}

impl Drop for AgentTarget {
    fn drop(&mut self) {
        let closed = self.client.take().map(Client::close);
        let status = self.child.wait().unwrap();
        if !std::thread::panicking() {
            assert!(closed.unwrap().is_ok());
            assert!(status.success(), "{status}");
        }
    }
}
