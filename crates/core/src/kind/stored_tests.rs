//! Records of applied resources stay readable: every kind as written by earlier versions.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::{Declared, KINDS};

const DIGEST: &str = "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";

/// Returns the record of every kind, with each optional field once present and once `null`.
fn written() -> Vec<(&'static str, String)> {
    vec![
        (
            "directory",
            r#"{"except":["*.log"],"exclusive":true,"group":null,"mode":493,"owner":"web","path":"/srv"}"#.to_owned(),
        ),
        (
            "file",
            format!(r#"{{"content":"{DIGEST}","group":"7","mode":416,"owner":null,"path":"/srv/a","sealed":true}}"#),
        ),
        ("link", r#"{"path":"/srv/l","to":"a"}"#.to_owned()),
        (
            "installation",
            format!(r#"{{"artifact":"{DIGEST}","into":"/srv/app","keep":3}}"#),
        ),
        (
            "process",
            format!(
                r#"{{"command":["app","--port","80"],"directory":"/srv","environment":{{"A":{{"plain":"b"}},"S":{{"sealed":"{DIGEST}"}}}},"log":"/s/a.log","ready":{{"http":"http://127.0.0.1:80/"}},"record":"/s/a.json","stop-within":10000,"triggers":{{"file.a":"6437b3ac3846"}},"within":30000}}"#
            ),
        ),
        (
            "process",
            r#"{"command":["app"],"directory":null,"environment":{},"log":"/s/a.log","ready":null,"record":"/s/a.json","stop-within":1,"triggers":{},"within":2}"#.to_owned(),
        ),
        (
            "service",
            r#"{"drop-ins":["/etc/systemd/system/nginx.service.d/a.conf"],"enabled":true,"masked":false,"ready":{"tcp":"127.0.0.1:80"},"ready-within":10000,"record":"/s/nginx.service.unit.json","running":true,"triggers":{"restart-on.file.a":"6437b3ac3846"},"unit":"nginx.service","within":30000}"#.to_owned(),
        ),
        (
            "service",
            r#"{"drop-ins":[],"enabled":false,"masked":true,"ready":null,"ready-within":1,"record":"/s/a.service.unit.json","running":false,"triggers":{},"unit":"a.service","within":2}"#.to_owned(),
        ),
        (
            "timer",
            r#"{"address":"timer.backup","command":["/bin/true"],"every":3600000,"on-boot":600000,"on-calendar":["daily"],"path":"/etc/systemd/system/backup.timer","persistent":true,"randomized-delay":300000,"unit":"backup","user":"app"}"#.to_owned(),
        ),
        (
            "timer",
            r#"{"address":"timer.a","command":["/bin/true"],"every":null,"on-boot":null,"on-calendar":["daily"],"path":"/etc/systemd/system/a.timer","persistent":false,"randomized-delay":0,"unit":"a","user":null}"#.to_owned(),
        ),
        (
            "group",
            r#"{"gid":70,"group":"app","members":["ada"],"system":true}"#.to_owned(),
        ),
        (
            "group",
            r#"{"gid":null,"group":"app","members":null,"system":false}"#.to_owned(),
        ),
        (
            "user",
            r#"{"comment":"App","create-home":true,"group":"app","groups":["adm"],"home":"/srv","locked":true,"shell":"/bin/sh","system":true,"uid":70,"user":"app"}"#.to_owned(),
        ),
        (
            "user",
            r#"{"comment":null,"create-home":false,"group":null,"groups":null,"home":null,"locked":null,"shell":null,"system":false,"uid":null,"user":"app"}"#.to_owned(),
        ),
        (
            "authorized-key",
            r#"{"line":"no-pty ssh-ed25519 AAAA ada","place":"ada: ssh-ed25519 6437b3ac3846","user":"ada"}"#.to_owned(),
        ),
        (
            "line",
            r#"{"after":"^a","all":true,"before":null,"create":true,"path":"/f","place":"/f: a","present":true,"validate":["sh","{}"],"wanted":{"line":{"matching":"^a","text":"a"}}}"#.to_owned(),
        ),
        (
            "line",
            r##"{"after":null,"all":false,"before":"^a","create":false,"path":"/f","place":"/f: # B","present":false,"wanted":{"block":{"begin":"# B","end":"# E","lines":["a"]}}}"##.to_owned(),
        ),
        (
            "cron",
            format!(r#"{{"content":"{DIGEST}","path":"/etc/cron.d/evenkeel-a","text":"* * * * * root a\n"}}"#),
        ),
        (
            "command",
            format!(r#"{{"check":["a"],"creates":"/f","directory":"/srv","environment":{{"A":{{"plain":"b"}},"S":{{"sealed":"{DIGEST}"}}}},"name":"a","run":["b"],"user":"app","within":300000}}"#),
        ),
        (
            "command",
            r#"{"check":null,"creates":null,"directory":null,"environment":{},"name":"a","run":["b"],"user":null,"within":1000}"#.to_owned(),
        ),
        (
            "file",
            format!(r#"{{"content":"{DIGEST}","group":null,"mode":416,"owner":null,"path":"/srv/a","sealed":false,"validate":["visudo","-cf","{{}}"]}}"#),
        ),
        (
            "package",
            r#"{"held":true,"package":"nginx","removed":false,"version":"1.24.*"}"#.to_owned(),
        ),
        (
            "package",
            r#"{"held":null,"package":"telnet","removed":true,"version":null}"#.to_owned(),
        ),
        (
            "sysctl",
            r#"{"key":"net.ipv4.ip_forward","value":"1"}"#.to_owned(),
        ),
        (
            "mount",
            r#"{"mounted":true,"path":"/srv/data","persistent":false,"source":{"device":"tmpfs","filesystem":"tmpfs","options":["size=1m"]}}"#.to_owned(),
        ),
        (
            "toy-package",
            r#"{"package":"app","version":"1"}"#.to_owned(),
        ),
        (
            "toy-service",
            r#"{"triggers":{"file.a":"6437b3ac3846"},"unit":"app"}"#.to_owned(),
        ),
    ]
}

#[test]
fn records_of_declarations_are_read_and_written_as_by_the_first_version() {
    for (kind, text) in written() {
        let record = RawValue::from_string(text.clone()).unwrap();
        let declared = Declared::from_record(kind, &record).unwrap();
        assert_eq!(declared.record().unwrap(), text, "{kind}");
    }
}

#[test]
fn every_kind_has_its_literal() {
    let written: BTreeSet<&str> = written().iter().map(|(kind, _)| *kind).collect();
    let kinds = KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(
        written, kinds,
        "add the JSON of the new kind's record above"
    );
}
