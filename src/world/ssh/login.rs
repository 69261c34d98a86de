//! The connection to a host: `ssh` logs in once, and stays as its master until it was not used for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};

use super::sockets;
use super::turns::{self, Turns};
use crate::world::command::{
    CommandError, CommandOutcome, CommandRun, CommandStatus, handed_on, run,
};
use crate::world::git::absolute_only;
use evenkeel_core::environment::ssh_host::SshHost;
use evenkeel_host::Interruption;
use evenkeel_model::text::inert;

/// Variable that names a file of OpenSSH's configuration, which replaces the account's and the machine's.
pub(super) const CONFIGURATION: &str = "EVENKEEL_SSH_CONFIG";

/// Settings of every login. Nothing is asked: a pipeline has no terminal. A host key must be known.
const SETTINGS: [&str; 9] = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "ControlMaster=auto",
    "ControlPersist=60",
    "ConnectTimeout=10",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "ForwardX11=no",
    "PermitLocalCommand=no",
];

/// Time limit of a login, with its jump hosts.
const PATIENCE: Duration = Duration::from_secs(40);

/// How often a login is tried that a server refused because it is busy.
const TRIES: u32 = 6;

/// The same for a confirmation: a server that does not run drops logins too where a proxy is in front of it.
const NEW_TRIES: u32 = 3;

/// Time for which the addresses of a destination are kept. The names of the files change with the configuration.
const KEPT: Duration = Duration::from_hours(1);

/// What `ssh` says when a server drops logins because too many are in progress (`MaxStartups`).
const BUSY: [&str; 5] = [
    "kex_exchange_identification: ",
    "ssh_exchange_identification: ",
    // The connection ended before the first message was sent.
    "banner exchange: Connection to ",
    "Connection reset by ",
    "Exceeded MaxStartups",
];

/// What `ssh` says of a connection through a jump host or a proxy command, whose own messages it hides when it goes to the
/// background.
const THROUGH: &str = "UNKNOWN port";

/// Returns a socket with an open connection, after a login if there is none.
///
/// # Errors
///
/// The reason, as what follows the host's name: "cannot be reached: …".
pub fn connection(
    host: &SshHost,
    socket: PathBuf,
    variables: &BTreeMap<String, String>,
    turns: &Turns,
) -> Result<PathBuf, String> {
    // A socket without its master refuses.
    if UnixStream::connect(&socket).is_ok() {
        return Ok(socket);
    }
    log_in(host, socket, variables, turns, TRIES)
}

/// Logs in by a connection that nothing else uses. Returns its socket.
///
/// # Errors
///
/// The reason, as what follows the host's name.
pub fn new_connection(
    host: &SshHost,
    variables: &BTreeMap<String, String>,
    turns: &Turns,
) -> Result<PathBuf, String> {
    let mut bytes = [0; 8];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| "cannot be reached: the system has no random numbers".to_owned())?;
    let own = sockets::socket(host.destination(), variables)?;
    let name = format!("{:016x}", u64::from_be_bytes(bytes));
    log_in(host, own.with_file_name(name), variables, turns, NEW_TRIES)
}

/// Ends a connection.
pub fn end(host: &SshHost, socket: &Path, variables: &BTreeMap<String, String>) {
    let mut command = ssh(variables);
    let path = socket.to_string_lossy().replace('%', "%%");
    command.extend(["-o".to_owned(), format!("ControlPath={path}")]);
    command.extend(["-O", "exit", "--", host.destination()].map(str::to_owned));
    // If it fails, the connection ends when it was not used for a while.
    let _ = started(command, variables);
}

fn log_in(
    host: &SshHost,
    socket: PathBuf,
    variables: &BTreeMap<String, String>,
    turns: &Turns,
    tries: u32,
) -> Result<PathBuf, String> {
    let mut pause = Duration::from_millis(100);
    let places = places(host.destination(), variables);
    for left in (0..tries).rev() {
        let turn = turns.take(places.clone());
        let tried = login(host, &socket, variables);
        let hidden = match &tried {
            Err(said) if said.contains(THROUGH) => hidden_reason(host, variables),
            _ => None,
        };
        let is_hidden = hidden.is_some();
        let tried = match hidden {
            Some(reason) => Err(reason),
            None => tried,
        };
        let is_busy = tried.as_ref().is_err_and(|said| is_dropped(said));
        if is_busy {
            turn.dropped();
        }
        drop(turn);
        let said = match tried {
            Ok(()) => return Ok(socket),
            // Another run may have logged in meanwhile.
            Err(_) if UnixStream::connect(&socket).is_ok() => return Ok(socket),
            Err(said) => said,
        };
        if left == 0 || !is_busy {
            let through = if is_hidden {
                " through its jump host or proxy command"
            } else {
                ""
            };
            return Err(format!("cannot be reached{through}: {}", explained(&said)));
        }
        sleep(pause + jitter(pause));
        pause *= 2;
    }
    Err("cannot be reached".to_owned())
}

fn is_dropped(said: &str) -> bool {
    BUSY.iter().any(|busy| said.contains(busy))
}

/// Returns what a jump host or a proxy command says, from one more login, which stays in the foreground. `None` if it says nothing
/// or the login works this time.
fn hidden_reason(host: &SshHost, variables: &BTreeMap<String, String>) -> Option<String> {
    let mut command = ssh(variables);
    let settings = SETTINGS
        .iter()
        .filter(|setting| !setting.starts_with("Control"));
    for setting in settings.chain(&["ControlMaster=no", "ControlPath=none"]) {
        command.extend(["-o".to_owned(), (*setting).to_owned()]);
    }
    command.extend(["-T", "--", host.destination(), "exit"].map(str::to_owned));
    let ran = started(command, variables).ok()?;
    let said = String::from_utf8_lossy(&ran.stderr.into_bytes()).into_owned();
    before_own_words(&said)
}

/// Returns the lines before those that `ssh` adds about its own end of the connection.
fn before_own_words(said: &str) -> Option<String> {
    let mut lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.last().filter(|last| last.contains(THROUGH))?;
    while lines.pop_if(|last| last.contains(THROUGH)).is_some() {}
    lines.pop_if(|last| last.starts_with("kex_exchange_identification: "));
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Returns the addresses that a login concerns: where the configuration of OpenSSH leads. If it says nothing, the login
/// does too, with the reason.
///
/// They are kept for a while: another process of `ssh` is a tenth of a login. They decide only how many logins are in progress.
fn places(destination: &str, variables: &BTreeMap<String, String>) -> BTreeSet<String> {
    let kept =
        sockets::socket(destination, variables).map(|socket| socket.with_extension("places"));
    if let Ok(kept) = &kept
        && let Some(known) = sockets::recent(kept, KEPT)
        && !known.is_empty()
    {
        return known.lines().map(str::to_owned).collect();
    }
    let mut command = ssh(variables);
    command.extend(["-G", "--", destination].map(str::to_owned));
    let printed = started(command, variables)
        .map(|ran| String::from_utf8_lossy(&ran.stdout.into_bytes()).into_owned());
    let places = turns::places(destination, &printed.unwrap_or_default());
    if let Ok(kept) = &kept {
        let lines: Vec<&str> = places.iter().map(String::as_str).collect();
        sockets::keep(kept, &lines.join("\n"));
    }
    places
}

/// Returns the beginning of each command.
fn ssh(variables: &BTreeMap<String, String>) -> Vec<String> {
    let mut command = vec!["ssh".to_owned()];
    if let Some(named) = variables.get(CONFIGURATION) {
        command.extend(["-F".to_owned(), named.clone()]);
    }
    command
}

/// Logs in. The command ends when the master is in the background.
fn login(
    host: &SshHost,
    socket: &Path,
    variables: &BTreeMap<String, String>,
) -> Result<(), String> {
    let mut command = ssh(variables);
    for setting in SETTINGS {
        command.extend(["-o".to_owned(), setting.to_owned()]);
    }
    command.push("-o".to_owned());
    // In OpenSSH's settings, a percent sign begins a token.
    let path = socket.to_string_lossy().replace('%', "%%");
    command.push(format!("ControlPath={path}"));
    command.extend(["-f", "-N", "-T", "--", host.destination()].map(str::to_owned));
    let ran = started(command, variables)?;
    let said = String::from_utf8_lossy(&ran.stderr.into_bytes()).into_owned();
    match ran.status {
        CommandStatus::Code(0) => Ok(()),
        CommandStatus::TimedOut => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        _ if said.trim().is_empty() => Err(format!("ssh {}", ran.status)),
        _ => Err(said),
    }
}

/// Runs a command of OpenSSH to its end.
fn started(
    command: Vec<String>,
    variables: &BTreeMap<String, String>,
) -> Result<CommandOutcome, String> {
    let mut environment = handed_on(variables);
    // The working directory is a checkout, which must not name the program.
    let search = environment.get("PATH").map_or("", String::as_str);
    let search = absolute_only(search);
    environment.insert("PATH".to_owned(), search);
    environment.insert("LC_ALL".to_owned(), "C".to_owned());
    let wanted = CommandRun {
        environment,
        directory: Some(PathBuf::from("/")),
        timeout: PATIENCE,
        output_limit: 16 * 1024,
        ..CommandRun::new(command)
    };
    run(&wanted, &Interruption::default()).map_err(|error| match error {
        CommandError::NotFound { .. } => {
            "`ssh` is not installed (Debian's package openssh-client)".to_owned()
        }
        error => error.to_string(),
    })
}

/// Returns what `ssh` said in one line, and what to do about it.
fn explained(said: &str) -> String {
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('@') && !line.starts_with("Warning: "))
        // The line before it has the reason.
        .filter(|line| *line != "stdio forwarding failed")
        .collect();
    let help = if said.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        Some(
            "its host key differs from the known one: find out why before you replace it in known_hosts",
        )
    } else if said.contains("Host key verification failed") {
        Some("its host key is unknown: compare it, then add it with `ssh-keyscan`")
    } else if said.contains("Permission denied") {
        Some("no key of this account is accepted there: check `ssh -v`")
    } else {
        None
    };
    let last = lines.last().copied().unwrap_or("ssh failed");
    let shown: String = inert(last).chars().take(300).collect();
    match help {
        Some(help) => format!("{shown} ({help})"),
        None => shown,
    }
}

/// A random part of a pause, so that many logins do not come back at once.
fn jitter(pause: Duration) -> Duration {
    let mut bytes = [0; 2];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        return Duration::ZERO;
    }
    pause * u32::from(u16::from_be_bytes(bytes)) / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::{before_own_words, explained, is_dropped};

    #[test]
    fn a_dropped_login_is_recognised_also_before_the_first_message() {
        for dropped in [
            "kex_exchange_identification: Connection closed by remote host\r\n",
            "banner exchange: Connection to UNKNOWN port 65535: Broken pipe\r\n",
        ] {
            assert!(is_dropped(dropped), "{dropped}");
        }
        assert!(!is_dropped(
            "Connection timed out during banner exchange\r\n"
        ));
        assert!(!is_dropped("Permission denied (publickey).\r\n"));
    }

    #[test]
    fn the_reason_of_a_jump_host_comes_before_the_words_of_the_other_end() {
        let own = "kex_exchange_identification: Connection closed by remote host\r\nConnection closed by UNKNOWN port 65535\r\n";
        assert_eq!(before_own_words(own), None);
        let dropped = "kex_exchange_identification: Connection closed by remote host\r\nConnection closed by 192.0.2.1 port 22\r\n";
        let reason = before_own_words(&format!("{dropped}{own}")).unwrap();
        assert_eq!(reason, dropped.replace('\r', "").trim());
        let refused = "channel 0: open failed: connect failed: Connection refused\r\nstdio forwarding failed\r\n";
        let reason = before_own_words(&format!("{refused}{own}")).unwrap();
        assert_eq!(
            explained(&reason),
            "channel 0: open failed: connect failed: Connection refused"
        );
        // A reason of the host itself, which was reached.
        let host = "Received disconnect from UNKNOWN port 65535:2: Too many authentication failures\r\nDisconnected from UNKNOWN port 65535\r\n";
        assert_eq!(before_own_words(host), None);
        assert_eq!(before_own_words("Permission denied (publickey).\r\n"), None);
    }

    #[test]
    fn a_changed_host_key_is_not_called_unknown() {
        let changed = "@@@@@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@\nOffending key in known_hosts:1\nHost key verification failed.\n";
        assert!(explained(changed).contains("differs from the known one"));
        let unknown = "No ED25519 host key is known for web-1 and you have requested strict checking.\nHost key verification failed.\n";
        assert!(explained(unknown).contains("is unknown"));
    }

    #[test]
    fn what_a_host_says_is_shown_as_data() {
        let said = explained("\u{1b}[31mbanner\u{7}\n");
        assert!(
            !said.contains('\u{1b}') && !said.contains('\u{7}'),
            "{said:?}"
        );
        assert!(explained(&"x".repeat(100_000)).len() < 400);
        assert_eq!(explained(""), "ssh failed");
    }
}
