//! Exports for auditors, and their verification without evenkeel: `verify.py` and `audit verify` give the same verdict.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use evenkeel::operation::{self, ExportRequest};
use evenkeel::report::Report;
use evenkeel_ledger::folder::FolderStore;
use evenkeel_ledger::{Link, Record, Store as _, chain, entry};
use evenkeel_model::Digest;
use rayon::prelude::*;
use ring::digest::{SHA256, digest};

use super::inside::{Inside, code, expect, refused, words};
use super::people::Team;
use super::world::TestWorld;

const TWO: &str = "[release]\napprovals = 2\n";

/// Returns the record of a release that two people approved, with denied attempts before it.
fn released() -> Team {
    let team = Team::new(TWO, &["ada", "bea"]);
    let plan = team.delivered();
    expect(3, team.inside.release());
    team.made("eve");
    refused(3, "not listed", &team.approve(&plan, "eve"));
    expect(0, team.approve(&plan, "ada"));
    expect(0, team.approve(&plan, "bea"));
    expect(0, team.inside.release());
    team
}

/// Exports to a file or folder of the project.
fn export<'a>(inside: &Inside, output: &'a str, change: &dyn Fn(&mut ExportRequest<'a>)) -> Report {
    expect(0, exported(inside, output, change))
}

fn exported<'a>(
    inside: &Inside,
    output: &'a str,
    change: &dyn Fn(&mut ExportRequest<'a>),
) -> super::inside::Outcome {
    inside.with(|world, location| {
        let mut request = ExportRequest {
            from: None,
            to: None,
            key: None,
            output: Some(Path::new(output)),
        };
        change(&mut request);
        operation::audit_export(world, location, request)
    })
}

/// Runs the verifier of an export. Python does not see evenkeel, and writes nothing beside it.
fn python(folder: &Path, more: &[&str]) -> Output {
    Command::new("python3")
        .args(["-B", "-S"])
        .arg(folder.join("verify.py"))
        .args(more)
        .output()
        .expect("python3 starts")
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Checks the code and a text of the verifier.
#[track_caller]
fn verified(wanted: i32, says: &str, folder: &Path, more: &[&str]) {
    let output = python(folder, more);
    assert_eq!(output.status.code(), Some(wanted), "{}", said(&output));
    assert!(
        said(&output).contains(says),
        "output lacks {says:?}: {}",
        said(&output)
    );
}

/// Returns the files of a folder by their relative names.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(folder).unwrap();
            let name = name.to_str().unwrap().to_owned();
            found.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn an_export_is_verified_without_evenkeel() {
    let team = released();
    let inside = &team.inside;
    let key = inside.world.read(".evenkeel/key");
    let report = export(inside, "export", &|_| {});
    let folder = inside.world.path("export");
    verified(0, "INTACT: entries 1 to ", &folder, &[]);
    let register = report.register.as_ref().unwrap();
    let release = &register.releases[0];
    assert_eq!(release.release, "r-1");
    assert_eq!(release.outcome.as_deref(), Some("done"));
    let people: Vec<&str> = release.approvals.iter().map(|each| &*each.by).collect();
    assert_eq!(people, ["ada@example.com", "bea@example.com"]);
    assert_eq!((release.required, release.suites.len()), (2, 1));
    assert!(release.authors.is_some() && release.subject.is_some());
    let denied: Vec<&str> = register.denied.iter().map(|each| &*each.what).collect();
    assert_eq!(denied, ["release", "approve"]);
    let found = files(&folder);
    for name in [
        "README.txt",
        "MANIFEST.json",
        "checkpoint.json",
        "entries.jsonl",
        "index.html",
        "register.csv",
        "statements/r-1.json",
        "verify.py",
    ] {
        assert!(found.contains_key(name), "{name}");
    }
    for (name, bytes) in &found {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(key.trim()), "{name} has the key");
    }
    let page = String::from_utf8_lossy(&found["index.html"]).into_owned();
    for words in ["ada@example.com", "bea@example.com", "r-1", "gate shut by"] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("<script"));
    // The same record gives the same bytes, and a checkpoint of another ledger is another one.
    export(inside, "again", &|_| {});
    assert_eq!(files(&inside.world.path("again")), found);
    let other = released();
    export(&other.inside, "export", &|_| {});
    let kept = other.inside.world.path("export/checkpoint.json");
    let kept = kept.to_str().unwrap();
    verified(7, "is missing, another one", &folder, &["--against", kept]);
}

#[test]
fn the_verifier_is_short_and_needs_the_standard_library_only() {
    let text = include_str!("../../src/report/export/verify.py");
    assert!(text.lines().count() <= 200, "{}", text.lines().count());
    for word in ["eval(", "exec(", "shell=True", "pickle"] {
        assert!(!text.contains(word), "{word}");
    }
}

#[test]
fn the_digests_of_the_verifier_are_blake3() {
    let desk = tempfile::tempdir().unwrap();
    let script = desk.path().join("verify.py");
    std::fs::write(&script, include_str!("../../src/report/export/verify.py")).unwrap();
    let lengths = [
        0, 1, 63, 64, 65, 1023, 1024, 1025, 2048, 3073, 5000, 8193, 70_001,
    ];
    let list = format!("{lengths:?}");
    let code = format!(
        "import verify; verify.blake3 = None; print(*verify.digests([bytes(i % 251 for i in range(n)) for n in {list}]))"
    );
    let output = Command::new("python3")
        .args(["-B", "-c", &code])
        .current_dir(desk.path())
        .output()
        .unwrap();
    let expected: Vec<String> = lengths
        .iter()
        .map(|length| {
            let bytes: Vec<u8> = (0..*length)
                .map(|i| u8::try_from(i % 251).unwrap())
                .collect();
            Digest::of(&bytes).to_string()
        })
        .collect();
    assert_eq!(said(&output).trim(), expected.join(" "));
}

#[test]
fn an_archive_has_the_same_files_and_the_same_bytes() {
    let team = released();
    let inside = &team.inside;
    export(inside, "export", &|_| {});
    export(inside, "one.zip", &|_| {});
    export(inside, "two.zip", &|_| {});
    let read = |name: &str| std::fs::read(inside.world.path(name)).unwrap();
    assert!(read("one.zip") == read("two.zip"));
    let unpacked = inside.world.path("unpacked");
    let done = Command::new("python3")
        .args(["-m", "zipfile", "-e"])
        .arg(inside.world.path("one.zip"))
        .arg(&unpacked)
        .status()
        .unwrap();
    assert!(done.success());
    assert_eq!(files(&unpacked), files(&inside.world.path("export")));
    verified(0, "INTACT", &unpacked, &[]);
    // Nothing is replaced.
    for output in ["export", "one.zip"] {
        refused(3, "name a new folder", &exported(inside, output, &|_| {}));
    }
    refused(
        64,
        "-o FOLDER",
        &exported(inside, "x", &|request| request.output = None),
    );
}

#[test]
fn keys_that_expired_since_are_verified_at_the_time_of_the_entry() {
    let team = Team::new(TWO, &["ada", "bea"]);
    let approvers = team.inside.world.read("environments/approvers");
    // The clock of the test is on 2026-11-23.
    let limited = approvers.replace(
        "@example.com ",
        "@example.com valid-after=\"20261122\",valid-before=\"20261124\" ",
    );
    team.inside.world.write("environments/approvers", &limited);
    team.inside.world.commit();
    let plan = team.delivered();
    expect(0, team.approve(&plan, "ada"));
    expect(0, team.approve(&plan, "bea"));
    expect(0, team.inside.release());
    export(&team.inside, "export", &|_| {});
    verified(0, "INTACT", &team.inside.world.path("export"), &[]);
}

#[test]
fn a_period_is_bound_to_what_was_before_and_after_it() {
    let team = released();
    let inside = &team.inside;
    export(inside, "first", &|_| {});
    inside.pass(86_400);
    inside.world.write("notes.txt", "x");
    inside.world.commit();
    expect(
        0,
        inside.with(|world, location| {
            let request = operation::DriftRequest {
                record: true,
                ..Default::default()
            };
            operation::drift(world, location, &request)
        }),
    );
    let report = export(inside, "second", &|request| {
        request.from = Some("2026-11-24");
    });
    let register = report.register.unwrap();
    assert!(register.releases.is_empty());
    assert_eq!(register.rows.len(), 1);
    let folder = inside.world.path("second");
    let kept = inside.world.path("first/checkpoint.json");
    let kept = kept.to_str().unwrap();
    verified(0, "INTACT", &folder, &["--against", kept]);
    // The day of the end is part of the period, and a time is not.
    let report = export(inside, "third", &|request| request.to = Some("2026-11-23"));
    assert_eq!(report.register.unwrap().releases.len(), 1);
    verified(0, "INTACT", &inside.world.path("third"), &[]);
    for (from, to) in [
        (None, Some("2026-11-23T10:00:00Z")),
        (Some("2027-01-01"), None),
        (Some("tomorrow"), None),
    ] {
        let outcome = exported(inside, "none", &|request| {
            request.from = from;
            request.to = to;
        });
        assert_eq!(code(&outcome), 64, "{}", words(&outcome));
        assert!(!inside.world.path("none").exists());
    }
}

#[test]
fn a_key_signs_the_statements_and_the_manifest() {
    let team = released();
    let inside = &team.inside;
    let key = team.key("eve");
    export(inside, "export", &|request| request.key = Some(&key));
    let folder = inside.world.path("export");
    verified(0, "statements/r-1.dsse.json: Good", &folder, &[]);
    verified(0, "MANIFEST.dsse.json: Good", &folder, &[]);
    // A changed file with a manifest that was made again does not match the signature.
    let mut found = files(&folder);
    found.insert("README.txt".to_owned(), b"other\n".to_vec());
    let forged = inside.world.path("forged");
    write(&forged, found.clone());
    verified(7, "MANIFEST.dsse.json: its subject", &forged, &[]);
    let envelope = String::from_utf8(found["statements/r-1.dsse.json"].clone()).unwrap();
    let mut envelope: serde_json::Value = serde_json::from_str(&envelope).unwrap();
    let payload = envelope["payload"].as_str().unwrap().replacen('e', "f", 1);
    envelope["payload"] = payload.into();
    found.insert(
        "statements/r-1.dsse.json".to_owned(),
        envelope.to_string().into_bytes(),
    );
    let forged = inside.world.path("again");
    write(&forged, found);
    verified(7, "statements/r-1.dsse.json", &forged, &[]);
}

/// Writes an export with a manifest that matches its files.
fn write(folder: &Path, mut files: BTreeMap<String, Vec<u8>>) {
    let mut manifest: serde_json::Value = serde_json::from_slice(&files["MANIFEST.json"]).unwrap();
    let sums: BTreeMap<&String, String> = files
        .iter()
        .filter(|(name, _)| !name.starts_with("MANIFEST"))
        .map(|(name, bytes)| {
            let sum = digest(&SHA256, bytes);
            let hex = sum.as_ref().iter().map(|byte| format!("{byte:02x}"));
            (name, hex.collect())
        })
        .collect();
    manifest["files"] = serde_json::to_value(sums).unwrap();
    files.insert(
        "MANIFEST.json".to_owned(),
        manifest.to_string().into_bytes(),
    );
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

#[test]
fn hostile_files_are_faults_and_open_nothing() {
    let team = released();
    let inside = &team.inside;
    export(inside, "export", &|_| {});
    let found = files(&inside.world.path("export"));
    let forged = |name: &str, change: &dyn Fn(&Path)| -> PathBuf {
        let folder = inside.world.path(name);
        write(&folder, found.clone());
        change(&folder);
        folder
    };
    let secret = inside.world.path("secret");
    std::fs::write(&secret, "s3cret").unwrap();
    let object = found
        .keys()
        .find(|name| name.starts_with("objects/"))
        .unwrap();
    let linked = forged("linked", &|folder| {
        std::fs::remove_file(folder.join(object)).unwrap();
        std::os::unix::fs::symlink(&secret, folder.join(object)).unwrap();
    });
    verified(7, object, &linked, &[]);
    let piped = forged("piped", &|folder| {
        std::fs::remove_file(folder.join(object)).unwrap();
        let path = folder.join(object);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).unwrap();
    });
    verified(7, object, &piped, &[]);
    let extra = forged("extra", &|folder| {
        std::fs::write(folder.join("objects/..\u{1b}[2J"), "x").unwrap();
    });
    let output = python(&extra, &[]);
    assert_eq!(output.status.code(), Some(7));
    assert!(!output.stdout.contains(&0x1b), "{}", said(&output));
    for (name, text) in [
        ("MANIFEST.json", "{}"),
        ("MANIFEST.json", "[[[["),
        ("checkpoint.json", "null"),
        ("register.csv", "entry\r\n1\r\n"),
        ("statements/r-1.json", "{\"subject\": 1}"),
    ] {
        let folder = forged("malformed", &|folder| {
            std::fs::write(folder.join(name), text).unwrap();
        });
        verified(7, "BROKEN", &folder, &[]);
        std::fs::remove_dir_all(folder).unwrap();
    }
    let missing = inside.world.path("nowhere");
    verified(
        7,
        "BROKEN",
        &inside.world.path("export"),
        &[missing.to_str().unwrap()],
    );
    verified(
        64,
        "unrecognized",
        &inside.world.path("export"),
        &["--unknown"],
    );
}

#[test]
fn names_and_reasons_are_text_in_the_table_and_on_the_page() {
    let team = Team::new("[release]\napprovals = 1\n", &["ada"]);
    let inside = &team.inside;
    let plan = team.delivered();
    let key = team.key("ada");
    let reason = "=cmd|' /C calc'!A0 <script>alert(1)</script>\u{1b}[31m";
    expect(
        0,
        inside.with(|world, location| {
            let request = operation::DecisionRequest {
                plan: &plan,
                reason,
                key: Some(&key),
                confirm: &|_| true,
            };
            operation::approve(world, location, request)
        }),
    );
    expect(0, inside.release());
    export(inside, "export", &|_| {});
    let folder = inside.world.path("export");
    verified(0, "INTACT", &folder, &[]);
    let page = std::fs::read_to_string(folder.join("index.html")).unwrap();
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"));
    let table = std::fs::read_to_string(folder.join("register.csv")).unwrap();
    assert!(table.contains("\"'=cmd|") && !table.contains('\u{1b}'));
    for cell in table.split("\",\"") {
        let cell = cell.trim_start_matches('"');
        assert!(
            !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
            "{cell}"
        );
    }
}

/// Returns the refusals of a ledger: command, code, plan and reason.
fn refusals(world: &TestWorld) -> Vec<(String, String, Option<String>, String)> {
    let store = FolderStore::new(&world.path(".evenkeel"));
    let ledger = store.open(None).unwrap().unwrap();
    let mut found = Vec::new();
    for entry in ledger.read(0).unwrap() {
        if let Some(Record::Refused(it)) = chain::understand(&entry).unwrap() {
            found.push((it.what, it.code, it.plan, it.reason));
        }
    }
    found
}

#[test]
fn refused_attempts_are_entries_and_a_loop_is_one() {
    let team = Team::new(TWO, &["ada", "bea"]);
    let inside = &team.inside;
    let plan = team.delivered();
    team.made("eve");
    for _ in 0..5 {
        refused(3, "not listed", &team.approve(&plan, "eve"));
    }
    let found = refusals(&inside.world);
    assert_eq!(found.len(), 1, "{found:?}");
    let (what, code, named, reason) = &found[0];
    assert_eq!((&**what, &**code), ("approve", "refused"));
    assert_eq!(named.as_deref(), Some(&*plan));
    assert!(reason.contains("is not listed in `approvers`"), "{reason}");
    inside.pass(100);
    refused(3, "not listed", &team.approve(&plan, "eve"));
    assert_eq!(refusals(&inside.world).len(), 2);
    // Another plan, an approval after the own rejection, a release of another plan.
    refused(4, "out of date", &team.approve("ffff", "ada"));
    let key = team.key("ada");
    expect(0, inside.decide(operation::reject, &plan, Some(&key)));
    refused(
        3,
        "only an approval may be missing",
        &team.approve(&plan, "ada"),
    );
    expect(0, inside.decide(operation::withdraw, &plan, Some(&key)));
    // There is nothing to refuse.
    let withdrawn = inside.decide(operation::withdraw, &plan, Some(&key));
    refused(3, "nothing to withdraw", &withdrawn);
    let broken = inside.with(|world, location| {
        operation::lock_break(world, location, "staging", "it hangs", None)
    });
    refused(3, "not locked", &broken);
    let other = inside
        .with(|world, location| operation::release(world, location, Some("ffff"), None, None));
    refused(4, "out of date", &other);
    let whats: Vec<String> = refusals(&inside.world)
        .into_iter()
        .map(|(what, code, ..)| format!("{what} {code}"))
        .collect();
    assert_eq!(
        whats[2..],
        [
            "approve out-of-date",
            "approve gate-shut",
            "release out-of-date"
        ]
    );
    let log = words(&inside.log());
    assert!(log.contains("release refused (plan ffff), by ada: plan `ffff` is out of date"));
    // A person who does not confirm is not refused.
    let asked = inside.with(|world, location| {
        let request = operation::DecisionRequest {
            plan: &plan,
            reason: "x",
            key: Some(&key),
            confirm: &|_| false,
        };
        operation::approve(world, location, request)
    });
    refused(3, "not confirmed", &asked);
    assert_eq!(refusals(&inside.world).len(), 5);
}

#[test]
fn a_refusal_is_answered_without_its_entry() {
    let team = Team::new(TWO, &["ada", "bea"]);
    let plan = team.delivered();
    team.made("eve");
    // The ledger goes on elsewhere, so it accepts no entry.
    let store = FolderStore::new(&team.inside.world.path(".evenkeel"));
    let ledger = store.open_or_found("small", team.inside.now.get()).unwrap();
    let moved = evenkeel_ledger::record::Moved {
        to: "elsewhere".into(),
        by: evenkeel_ledger::record::Actor {
            name: "ada".into(),
            host: "here".into(),
            process: 1,
        },
    };
    ledger
        .append(team.inside.now.get(), &[moved.into()], None)
        .unwrap();
    refused(3, "not listed", &team.approve(&plan, "eve"));
    assert!(refusals(&team.inside.world).is_empty());
}

/// A record in memory, to tamper with.
#[derive(Clone)]
struct Copy {
    lines: Vec<Vec<u8>>,
    objects: BTreeMap<String, Vec<u8>>,
    /// Whether checkpoint, head and register follow the lines.
    follows: bool,
}

/// Numbers without a pattern.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// Changes a letter or digit to another one.
fn flip(bytes: &mut [u8], numbers: &mut Numbers) {
    let places: Vec<usize> = (0..bytes.len())
        .filter(|place| bytes[*place].is_ascii_alphanumeric())
        .collect();
    let place = places[numbers.below(places.len())];
    bytes[place] = if bytes[place] == b'7' { b'8' } else { b'7' };
}

/// Writes the chain again from a changed body on, as a forger who can compute digests does.
fn chained(lines: &[Vec<u8>], change: &dyn Fn(&str, &str) -> Option<String>) -> Vec<Vec<u8>> {
    let mut link = Link::root();
    let mut written = Vec::new();
    for line in lines {
        let entry = entry::read(std::str::from_utf8(line).unwrap()).unwrap();
        let Some(body) = change(&entry.kind, &entry.body) else {
            continue;
        };
        let next = link.extend(entry.time, &entry.kind, &body).unwrap();
        link = Link::from(&next);
        written.push(next.line.into_bytes());
    }
    written
}

/// Number of kinds of tampering.
const KINDS: usize = 12;

fn tamper(copy: &mut Copy, foreign: &[Vec<u8>], kind: usize, numbers: &mut Numbers) {
    let count = copy.lines.len();
    match kind {
        0 => {}
        1 => flip(&mut copy.lines[numbers.below(count)], numbers),
        2 => {
            copy.lines.remove(numbers.below(count));
        }
        3 => {
            let line = copy.lines[numbers.below(count)].clone();
            copy.lines.insert(numbers.below(count + 1), line);
        }
        4 => {
            let one = numbers.below(count);
            let other = (one + 1 + numbers.below(count - 1)) % count;
            copy.lines.swap(one, other);
        }
        5 => copy.lines.truncate(1 + numbers.below(count - 1)),
        6 => {
            let from = 1 + numbers.below(count.min(foreign.len()) - 1);
            copy.lines.truncate(from);
            copy.lines.extend_from_slice(&foreign[from..]);
        }
        7 => {
            let place = numbers.below(copy.objects.len());
            let bytes = copy.objects.values_mut().nth(place).unwrap();
            flip(bytes, numbers);
        }
        8 => {
            let place = numbers.below(copy.objects.len());
            let name = copy.objects.keys().nth(place).unwrap().clone();
            copy.objects.remove(&name);
        }
        9 => {
            // Another signature in an approval.
            copy.follows = true;
            copy.lines = chained(&copy.lines, &|kind, body| {
                let mut body: serde_json::Value = serde_json::from_str(body).unwrap();
                if kind == "approved" {
                    let signature = body["signed"]["signature"].as_str().unwrap();
                    let mut lines: Vec<String> = signature.lines().map(str::to_owned).collect();
                    let last = lines.len() - 2;
                    lines[last] = lines[last].replacen(|c: char| c != 'A', "A", 1);
                    body["signed"]["signature"] = (lines.join("\n") + "\n").into();
                }
                Some(evenkeel_model::canonical::to_string(&body).unwrap())
            });
        }
        10 => {
            // An approval is left out.
            copy.follows = true;
            let left_out = std::cell::Cell::new(false);
            copy.lines = chained(&copy.lines, &|kind, body| {
                if kind == "approved" && !left_out.replace(true) {
                    return None;
                }
                Some(body.to_owned())
            });
        }
        _ => {
            // A reason that no person signed.
            copy.follows = true;
            copy.lines = chained(&copy.lines, &|kind, body| {
                Some(if kind == "approved" {
                    body.replacen("it is good", "it is bad!", 1)
                } else {
                    body.to_owned()
                })
            });
        }
    }
}

/// Puts a copy in place of the ledger.
fn replace_ledger(inside: &Inside, copy: &Copy, honest: &Copy) {
    let world = &inside.world;
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(world.path(&format!(".evenkeel/ledger.db{end}")));
    }
    let _ = std::fs::remove_file(world.path(".evenkeel/snapshot"));
    let mut connection = rusqlite::Connection::open(world.path(".evenkeel/ledger.db")).unwrap();
    let transaction = connection.transaction().unwrap();
    let triggers: Vec<(String, String)> = transaction
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (name, _) in &triggers {
        transaction
            .execute_batch(&format!("DROP TRIGGER {name}"))
            .unwrap();
    }
    transaction.execute("DELETE FROM entry", []).unwrap();
    for (sequence, line) in (1_u32..).zip(&copy.lines) {
        transaction
            .execute(
                "INSERT INTO entry(sequence, line, digest) VALUES (?1, ?2, ?3)",
                rusqlite::params![
                    sequence,
                    String::from_utf8_lossy(line),
                    Digest::of(line).as_bytes()
                ],
            )
            .unwrap();
    }
    for (_, sql) in &triggers {
        transaction.execute_batch(sql).unwrap();
    }
    transaction.commit().unwrap();
    drop(connection);
    for name in honest.objects.keys() {
        let (drawer, rest) = name.split_at(2);
        let path = world.path(&format!(".evenkeel/objects/{drawer}/{rest}"));
        let _ = std::fs::remove_file(&path);
        if let Some(bytes) = copy.objects.get(name) {
            std::fs::write(&path, bytes).unwrap();
        }
    }
    if copy.follows {
        let head = serde_json::json!({
            "digest": Digest::of(copy.lines.last().unwrap()),
            "lineage": lineage(copy),
            "sequence": copy.lines.len(),
        });
        world.write(".evenkeel/head", &head.to_string());
        world.mode(".evenkeel/head", 0o600);
    }
}

fn lineage(copy: &Copy) -> String {
    let first: serde_json::Value = serde_json::from_slice(&copy.lines[0]).unwrap();
    first["body"]["lineage"].as_str().unwrap().to_owned()
}

/// Returns the export of a copy, with a manifest that matches.
fn export_of(
    copy: &Copy,
    honest: &Copy,
    found: &BTreeMap<String, Vec<u8>>,
) -> BTreeMap<String, Vec<u8>> {
    let mut files = found.clone();
    let mut lines = copy.lines.join(&b'\n');
    lines.push(b'\n');
    files.insert("entries.jsonl".to_owned(), lines);
    files.retain(|name, _| {
        name.strip_prefix("objects/")
            .is_none_or(|name| copy.objects.contains_key(name))
    });
    for (name, bytes) in &copy.objects {
        files.insert(format!("objects/{name}"), bytes.clone());
    }
    if copy.follows {
        let last = Digest::of(copy.lines.last().unwrap());
        let mut checkpoint: serde_json::Value =
            serde_json::from_slice(&files["checkpoint.json"]).unwrap();
        checkpoint["sequence"] = copy.lines.len().into();
        checkpoint["digest"] = last.to_string().into();
        files.insert(
            "checkpoint.json".to_owned(),
            checkpoint.to_string().into_bytes(),
        );
        if copy.lines.len() == honest.lines.len() {
            let mut table = String::from_utf8(files["register.csv"].clone()).unwrap();
            for (before, now) in honest.lines.iter().zip(&copy.lines) {
                table = table.replace(
                    &Digest::of(before).to_string(),
                    &Digest::of(now).to_string(),
                );
            }
            files.insert("register.csv".to_owned(), table.into_bytes());
        }
    }
    files
}

#[test]
fn the_verifier_and_evenkeel_agree_on_ledgers_that_were_tampered_with() {
    let (team, other) = (released(), released());
    let inside = &team.inside;
    export(inside, "export", &|_| {});
    export(&other.inside, "export", &|_| {});
    let found = files(&inside.world.path("export"));
    let lines = |files: &BTreeMap<String, Vec<u8>>| -> Vec<Vec<u8>> {
        let text = files["entries.jsonl"].strip_suffix(b"\n").unwrap();
        text.split(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect()
    };
    let foreign = lines(&files(&other.inside.world.path("export")));
    let honest = Copy {
        lines: lines(&found),
        objects: found
            .iter()
            .filter_map(|(name, bytes)| {
                Some((name.strip_prefix("objects/")?.to_owned(), bytes.clone()))
            })
            .collect(),
        follows: false,
    };
    let head = inside.world.read(".evenkeel/head");
    let mut numbers = Numbers(43);
    let mut intact = 0;
    let rounds: Vec<(Copy, PathBuf)> = (0..96)
        .map(|round| {
            let mut copy = honest.clone();
            tamper(&mut copy, &foreign, round % KINDS, &mut numbers);
            let forged = inside.world.path(&format!("forged-{round}"));
            write(&forged, export_of(&copy, &honest, &found));
            (copy, forged)
        })
        .collect();
    let verifiers: Vec<Output> = rounds
        .par_iter()
        .map(|(_, forged)| python(forged, &[]))
        .collect();
    for (round, ((copy, _), verifier)) in rounds.iter().zip(verifiers).enumerate() {
        let kind = round % KINDS;
        inside.world.write(".evenkeel/head", &head);
        replace_ledger(inside, copy, &honest);
        let audit = inside.audit();
        let wanted = if kind == 0 { 0 } else { 7 };
        assert_eq!(
            (verifier.status.code(), code(&audit)),
            (Some(wanted), u8::try_from(wanted).unwrap()),
            "round {round}, kind {kind}: {} {}",
            said(&verifier),
            words(&audit)
        );
        if kind == 0 {
            intact += 1;
        } else {
            // Found by the chain, the objects or the signatures, not only because the table was not made again.
            let faults = said(&verifier);
            let real = faults
                .lines()
                .filter(|line| !line.starts_with("register.csv") && !line.starts_with("r-"));
            assert!(real.count() > 1, "round {round}, kind {kind}: {faults}");
        }
    }
    assert_eq!(intact, 8);
}

/// Returns the lines and objects of an export.
fn copied(found: &BTreeMap<String, Vec<u8>>) -> Copy {
    let text = found["entries.jsonl"].strip_suffix(b"\n").unwrap();
    Copy {
        lines: text
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect(),
        objects: found
            .iter()
            .filter_map(|(name, bytes)| {
                Some((name.strip_prefix("objects/")?.to_owned(), bytes.clone()))
            })
            .collect(),
        follows: false,
    }
}

/// What two people signed about a break-glass cannot be changed by someone who writes the chain again.
#[test]
fn a_break_glass_and_its_follow_up_say_what_was_signed() {
    let team = Team::new("[release]\napprovals = 1\n", &["ada", "bea"]);
    let inside = &team.inside;
    let (ada, bea) = (team.key("ada"), team.key("bea"));
    expect(
        0,
        inside.with(|world, location| {
            let request = operation::BreakGlassRequest {
                environment: "production",
                reason: "checkout is down",
                incident: "INC-42",
                plan: None,
                confirm: None,
                wait: None,
                key: Some(&ada),
            };
            operation::break_glass(world, location, request)
        }),
    );
    expect(
        0,
        inside.with(|world, location| {
            operation::follow_up(world, location, "b-1", "reviewed by two", Some(&bea))
        }),
    );
    export(inside, "export", &|_| {});
    let found = files(&inside.world.path("export"));
    let honest = copied(&found);
    verified(0, "break-glass", &inside.world.path("export"), &[]);
    for (round, (kind, from, to)) in [
        ("none", "", ""),
        ("glass-broken", "INC-42", "INC-43"),
        ("glass-broken", "checkout is down", "checkout is slow"),
        ("glass-broken", "\"SHA256:", "\"SHA256:x"),
        ("followed-up", "reviewed by two", "reviewed by ten"),
        ("followed-up", "\"SHA256:", "\"SHA256:x"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut copy = honest.clone();
        copy.follows = true;
        // The signed bytes stay, and what the entry says beside them changes.
        copy.lines = chained(&honest.lines, &|each, body| {
            if each != kind {
                return Some(body.to_owned());
            }
            let (before, signed) = body.split_once("\"signed\":").unwrap();
            Some(if from.starts_with('"') {
                format!("{before}\"signed\":{}", signed.replacen(from, to, 1))
            } else {
                format!("{}\"signed\":{signed}", before.replacen(from, to, 1))
            })
        });
        assert_eq!(copy.lines == honest.lines, round == 0, "{kind}");
        let forged = inside.world.path(&format!("forged-{round}"));
        write(&forged, export_of(&copy, &honest, &found));
        replace_ledger(inside, &copy, &honest);
        let wanted = if round == 0 { 0 } else { 7 };
        let verifier = python(&forged, &[]);
        assert_eq!(
            verifier.status.code(),
            Some(wanted),
            "{kind}: {}",
            said(&verifier)
        );
        let audit = inside.audit();
        assert_eq!(i32::from(code(&audit)), wanted, "{kind}: {}", words(&audit));
    }
}

/// Options that override a check are entries, written before the command acts.
#[test]
fn overridden_checks_are_among_the_overrides() {
    let team = Team::new("[release]\napprovals = 1\n", &["ada"]);
    let inside = &team.inside;
    let deliver = |allow_undeclared| {
        inside.with(|world, location| {
            let request = operation::DeliverRequest {
                allow_undeclared,
                ..Default::default()
            };
            operation::deliver(world, location, &request)
        })
    };
    // There is nothing to override.
    assert_eq!(code(&deliver(true)), 0);
    inside
        .world
        .add("environments/system.toml", "# not committed\n");
    expect(3, deliver(false));
    assert_eq!(code(&deliver(true)), 3);
    std::fs::remove_file(inside.world.path(".evenkeel/head")).unwrap();
    expect(
        0,
        inside.with(|world, location| operation::audit_verify(world, location, &[], true)),
    );
    let report = export(inside, "export", &|_| {});
    let register = report.register.as_ref().unwrap();
    let overrides: Vec<(&str, &str)> = register
        .overrides
        .iter()
        .map(|each| (&*each.what, each.by.as_deref().unwrap()))
        .collect();
    assert_eq!(
        overrides,
        [
            ("deliver --allow-undeclared", "ada"),
            ("audit verify --restore-head", "ada")
        ]
    );
    assert!(register.overrides[0].reason.contains("gate/not-committed"));
    let row = register.rows.iter().find(|row| row.kind == "overridden");
    assert_eq!(row.unwrap().result.as_deref(), Some("overridden"));
    let log = words(&inside.log());
    assert!(
        log.contains("deliver --allow-undeclared, by ada: definitions that shut"),
        "{log}"
    );
    verified(0, "INTACT", &inside.world.path("export"), &[]);
}

#[test]
fn exceptions_and_overrides_are_in_the_register() {
    let world = TestWorld::small();
    world.add(
        "environments/production.toml",
        "\n[[difference]]\nat = \"parameter.greeting\"\nstaging = \"hello\"\nproduction = \"hi\"\nreason = \"=meant so\"\nowner = \"platform\"\nexpires = 2099-01-01\nticket = \"#9\"\n",
    );
    world.replace(
        "environments/production.toml",
        "[values]\n",
        "[values]\ngreeting = \"hi\"\n",
    );
    let inside = Inside::new(world);
    let verdict = expect(0, inside.deliver()).verdict.unwrap();
    expect(0, inside.approve(&verdict.plan));
    expect(0, inside.release());
    let report = export(&inside, "export", &|_| {});
    verified(
        0,
        "r-1: 1 of 1 approvals, not signed",
        &inside.world.path("export"),
        &[],
    );
    let register = report.register.unwrap();
    let exception = &register.exceptions[0];
    assert_eq!(exception.at, "parameter.greeting");
    assert_eq!(exception.reason.as_deref(), Some("=meant so"));
    assert_eq!(exception.owner.as_deref(), Some("platform"));
    assert_eq!(exception.ticket.as_deref(), Some("#9"));
    assert_eq!(exception.first_used, "r-1");
    let table = inside.world.read("export/register.csv");
    assert!(table.contains("\"'=meant so\"") && table.contains("\"exception\""));
    let overrides: Vec<&str> = register.overrides.iter().map(|each| &*each.what).collect();
    assert_eq!(overrides, ["r-1: uncommitted definitions"]);
    let duties = &register.releases[0].shared_duties;
    assert_eq!(
        duties,
        &[
            "ada approved and released",
            "the authors of the change are unknown"
        ]
    );
}
