//! Tests that stored actions stay readable: saved plans contain them in the form that the first version wrote.

use super::Action;

const FILE_THERE: &str = r#"{"is":"file","digest":"blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85","mode":420,"owner":{"id":0,"name":"root"},"group":{"id":7,"name":null}}"#;
const DIGEST: &str = "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
const PROCESS: &str = r#"{"pid":12,"ticks":345,"since":"2026-11-28T10:00:00.123Z"}"#;

/// Every action in the form of the first version, each state in at least one of them.
fn written() -> Vec<String> {
    [
        r#"{"action":"directory","path":"/srv/a","mode":493,"owner":"web","group":null,"expected":{"is":"missing"}}"#.to_owned(),
        format!(r#"{{"action":"file","path":"/srv/a/b","content":"{DIGEST}","sealed":true,"mode":416,"owner":null,"group":"7","expected":{FILE_THERE}}}"#),
        r#"{"action":"link","path":"/srv/l","to":"a/b","expected":{"is":"link","to":"b"}}"#.to_owned(),
        r#"{"action":"remove","path":"/srv/r","sealed":false,"expected":{"is":"directory","mode":493,"owner":{"id":0,"name":"root"},"group":{"id":0,"name":"root"}}}"#.to_owned(),
        r#"{"action":"remove","path":"/srv/s","sealed":false,"expected":{"is":"other","what":"a socket"}}"#.to_owned(),
        format!(r#"{{"action":"install","into":"/srv/app","artifact":"{DIGEST}","keep":3,"expected":null}}"#),
        format!(r#"{{"action":"uninstall","into":"/srv/app","expected":"{DIGEST}"}}"#),
        format!(r#"{{"action":"start","record":"/s/a.json","log":"/s/a.log","command":["app","--port","80"],"environment":{{"A":{{"plain":"b"}},"S":{{"sealed":"{DIGEST}"}}}},"directory":null,"ready":{{"http":"http://127.0.0.1:80/"}},"within":30000,"stop_within":10000,"started_as":{{"command":{{"plain":"[\"app\"]"}}}},"expected":{PROCESS}}}"#),
        r#"{"action":"start","record":"/s/a.json","log":"/s/a.log","command":["app"],"environment":{},"directory":"/srv","ready":{"tcp":"127.0.0.1:80"},"within":1,"stop_within":2,"started_as":{},"expected":null}"#.to_owned(),
        format!(r#"{{"action":"stop","record":"/s/a.json","stop_within":10000,"expected":{PROCESS}}}"#),
        format!(r#"{{"action":"take-over","record":"/s/b.json","from":"/s/a.json","log":"/s/b.log","from_log":"/s/a.log","expected":{PROCESS}}}"#),
        r#"{"action":"set-unit","unit":"app.service","record":"/s/app.service.unit.json","masked":false,"enabled":true,"running":true,"renewal":"restart","drop_ins":["/etc/systemd/system/app.service.d/a.conf"],"ready":{"tcp":"127.0.0.1:80"},"ready_within":10000,"within":30000,"started_as":{"restart-on.file.a":"6437b3ac3846"},"expected":{"exists":true,"running":false,"enabled":false,"disabled":true,"masked":false}}"#.to_owned(),
        r#"{"action":"set-unit","unit":"app.service","record":"/s/app.service.unit.json","masked":null,"enabled":null,"running":null,"renewal":"none","drop_ins":null,"ready":null,"ready_within":1,"within":2,"started_as":null,"expected":{"exists":false,"running":false,"enabled":false,"disabled":true,"masked":false}}"#.to_owned(),
        format!(r#"{{"action":"set-timer","name":"backup","service":"[Service]\n","timer":"[Timer]\n","calendars":["daily"],"expected":{{"service":null,"timer":"{DIGEST}"}}}}"#),
        format!(r#"{{"action":"drop-timer","name":"backup","expected":{{"service":"{DIGEST}","timer":null}}}}"#),
        r#"{"action":"set-group","group":"app","gid":70,"members":["ada"],"system":true,"expected":{"is":"missing"}}"#.to_owned(),
        r#"{"action":"drop-group","group":"app","expected":{"is":"present","gid":70,"members":[]}}"#.to_owned(),
        r#"{"action":"set-user","user":"app","uid":70,"group":"app","groups":["adm"],"home":"/srv","shell":"/bin/sh","comment":"App","locked":true,"system":true,"create_home":false,"expected":{"is":"elsewhere"}}"#.to_owned(),
        r#"{"action":"drop-user","user":"app","keep_group":true,"expected":{"is":"present","uid":70,"group":{"id":70,"name":"app"},"groups":[],"home":"/","shell":"/bin/sh","comment":"","locked":null}}"#.to_owned(),
        format!(r#"{{"action":"set-lines","file":{{"path":"/f"}},"wanted":{{"line":{{"text":"a","matching":"^a"}}}},"after":"x","before":null,"all":true,"create":true,"validate":["sh"],"expected":{{"is":"seen","found":[{{"number":0,"digest":"{DIGEST}","is_wanted":false,"text":null}}]}}}}"#),
        r#"{"action":"set-lines","file":{"keys-of":"ada"},"wanted":{"key":{"line":"ssh-ed25519 AAAA"}},"after":null,"before":null,"all":false,"create":true,"expected":{"is":"no-user"}}"#.to_owned(),
        r##"{"action":"drop-lines","file":{"path":"/f"},"wanted":{"block":{"begin":"# B","end":"# E","lines":["a"]}},"all":false,"expected":{"is":"no-file"}}"##.to_owned(),
        format!(r#"{{"action":"run-command","name":"migrate","run":["migrate"],"environment":{{"A":{{"plain":"b"}},"S":{{"sealed":"{DIGEST}"}}}},"within":300000,"check":{{"run":["migrated"],"creates":"/f","user":"app","directory":"/srv","environment":{{"A":"b"}}}}}}"#),
        format!(r#"{{"action":"file","path":"/srv/a/b","content":"{DIGEST}","sealed":false,"mode":416,"owner":null,"group":null,"validate":["visudo","-cf","{{}}"],"expected":{{"is":"missing"}}}}"#),
        r#"{"action":"install-package","package":"nginx","version":"1.24.*","held":true,"expected":{"state":{"is":"installed","version":"1.22.1-9"},"held":false}}"#.to_owned(),
        r#"{"action":"install-package","package":"nginx","version":null,"held":null,"expected":{"state":{"is":"unfinished","version":"1.22.1-9","step":"half-configured"},"held":false}}"#.to_owned(),
        r#"{"action":"remove-package","package":"telnet","expected":{"state":{"is":"missing"},"held":false}}"#.to_owned(),
        r#"{"action":"set-sysctl","key":"net.ipv4.ip_forward","value":"1","expected":{"live":"0","own":null}}"#.to_owned(),
        r##"{"action":"drop-sysctl","key":"net.ipv4.ip_forward","expected":"# x\nnet.ipv4.ip_forward = 1\n"}"##.to_owned(),
        r#"{"action":"arm-revert","run":"production/a-3","extends":false,"within":60000,"saved":{"paths":["/etc/hosts.deny"],"keys_of":["ada"],"units":["ssh.service"],"settings":["net.ipv4.ip_forward"]}}"#.to_owned(),
        r#"{"action":"disarm-revert","run":"production/a-3"}"#.to_owned(),
        r#"{"action":"set-mount","path":"/srv/data","wanted":{"device":"tmpfs","filesystem":"tmpfs","options":["size=1m"]},"mounted":true,"persistent":true,"expected":{"mounted":null,"lines":[{"device":"tmpfs","filesystem":"tmpfs","options":[]}]}}"#.to_owned(),
        r#"{"action":"drop-mount","path":"/srv/data","expected":{"mounted":{"device":"tmpfs","filesystem":"tmpfs","options":["rw"]},"lines":[]}}"#.to_owned(),
    ]
    .into_iter()
    .chain(
        cfg!(feature = "toys")
            .then_some([
                r#"{"action":"set-toy","class":"unit","name":"app","value":"on","expected":null}"#,
                r#"{"action":"drop-toy","class":"unit","name":"app","expected":"on"}"#,
            ])
            .into_iter()
            .flatten()
            .map(str::to_owned),
    )
    .collect()
}

#[test]
fn actions_keep_the_format_of_the_first_version() {
    for text in written() {
        let action: Action = serde_json::from_str(&text).expect(&text);
        assert_eq!(serde_json::to_string(&action).expect(&text), text);
    }
}

#[test]
fn every_action_has_its_literal() {
    let names: std::collections::BTreeSet<String> = written()
        .iter()
        .filter_map(|text| serde_json::from_str::<Action>(text).ok())
        .map(|action| {
            format!("{action:?}")
                .split('(')
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    let listed = super::ACTIONS
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    assert_eq!(names, listed, "add the JSON of a new action above");
}
