//! Never falsely clean: files that their programs read differently are not in parity, however similar they look.

use super::estate::{drift, estate, pair, yaml};
use super::world::TestWorld;

/// Returns the findings of `compare` for two files with this extension, and checks the exit code.
#[track_caller]
fn compared(name: &str, staging: &str, production: &str, code: i32) -> Vec<String> {
    let world = TestWorld::empty();
    world.write(&format!("staging/{name}"), staging);
    world.write(&format!("production/{name}"), production);
    let (one, two) = (format!("staging/{name}"), format!("production/{name}"));
    super::estate::reported(&world.json(code, &["compare", &one, &two]))
}

#[test]
fn a_file_is_read_by_its_content_and_not_by_its_extension() {
    // An extension of INI files, and the sections of HAProxy.
    assert_eq!(
        compared(
            "haproxy.cfg",
            "listen a\n  bind 10.0.0.1:22\n  balance roundrobin\nlisten b\n  bind 10.0.0.1:23\n  balance source\n",
            "listen a\n  bind 10.0.0.1:22\n  balance source\nlisten b\n  bind 10.0.0.1:23\n  balance roundrobin\n",
            2
        ),
        ["parity/order-differs"]
    );
    assert_eq!(
        compared("setup.cfg", "[a]\nb = 1\n", "[a]\nb = 2\n", 2),
        ["parity/setting-differs a.b"]
    );
    // Variables of a shell are compared one by one.
    let shell = compared(
        "env.sh",
        "export DEPLOY_ENV=staging\nexport REPLICAS=1\nDEBUG=true\n",
        "export REPLICAS=3\nexport DEPLOY_ENV=production\nDEBUG=false\n",
        2,
    );
    assert_eq!(
        shell,
        ["parity/flag-differs DEBUG", "parity/class-differs REPLICAS"]
    );
}

#[test]
fn units_have_no_comments_after_values() {
    assert_eq!(
        compared(
            "app.service",
            "[Service]\nType=oneshot\nExecStart=/bin/a ; /bin/b\n",
            "[Service]\nType=oneshot\nExecStart=/bin/a ; /bin/c\n",
            2
        ),
        ["parity/setting-differs Service.ExecStart"]
    );
    assert_eq!(
        compared(
            "app.service",
            "[Service]\nProtectSystem=true # ro\n",
            "[Service]\nProtectSystem=true\n",
            2
        ),
        ["parity/setting-differs Service.ProtectSystem"]
    );
}

#[test]
fn a_commented_line_is_missing() {
    assert_eq!(
        compared(
            "web.xml",
            "<web-app>\n<!--\n<security-constraint/>\n-->\n</web-app>\n",
            "<web-app>\n<security-constraint/>\n</web-app>\n",
            2
        ),
        ["parity/element-missing [\"<security-constraint/>\"]"]
    );
    assert_eq!(
        compared(
            "named.conf",
            "/*\nallow-transfer { any; };\n*/\n",
            "allow-transfer { any; };\n",
            2
        ),
        ["parity/element-missing [\"allow-transfer { any; };\"]"]
    );
    // Ends of blocks count.
    assert_eq!(
        compared(
            "a.conf",
            "a {\n  b 1;\n}\nc 2;\n",
            "a {\n  b 1;\nc 2;\n}\n",
            2
        )
        .len(),
        1
    );
}

#[test]
fn the_order_of_lines_is_an_error() {
    for (name, staging, production) in [
        (
            "pg_hba.conf",
            "host all all 10.0.0.0/8 scram-sha-256\nhost all all 0.0.0.0/0 reject\n",
            "host all all 0.0.0.0/0 reject\nhost all all 10.0.0.0/8 scram-sha-256\n",
        ),
        (
            "sshd_config",
            "Match User a\n  PermitRootLogin yes\nMatch User b\n",
            "PermitRootLogin yes\nMatch User a\nMatch User b\n",
        ),
    ] {
        let reported = compared(name, staging, production, 2);
        assert_eq!(reported, ["parity/order-differs"], "{name}");
    }
}

#[test]
fn indentation_counts_where_it_has_a_meaning() {
    let (one, two) = ("if a:\n    b()\nc()\n", "if a:\n    b()\n    c()\n");
    assert_eq!(compared("a.py", one, two, 2).len(), 1);
    assert_eq!(
        compared("a.conf", "a {\n  b 1;\n}\n", "a {\n    b 1;\n}\n", 0),
        Vec::<String>::new()
    );
    assert_eq!(
        compared("a.py", "if a:\n  b()\n", "if a:\n    b()\n", 0),
        Vec::<String>::new()
    );
    // A recipe begins with a tab.
    let (one, two) = ("all:\n\tmake x\n", "all:\n    make x\n");
    assert_eq!(compared("Makefile", one, two, 2).len(), 1);
    assert_eq!(compared("a.py", one, two, 0), Vec::<String>::new());
}

#[test]
fn dotenv_is_read_as_compose_and_shells_read_it() {
    let differ =
        |staging: &str, production: &str, code: i32| compared(".env", staging, production, code);
    assert_eq!(
        differ("A=1\nB='${A}2'\n", "A=1\nB=${A}2\n", 2),
        ["parity/readers-differ B"]
    );
    assert_eq!(
        differ("B=\"\\$A\"\n", "B=\"$A\"\n", 2),
        ["parity/readers-differ B"]
    );
    // A variable is known after its line.
    assert_eq!(
        differ("A=1\nB=${A}2\n", "B=${A}2\nA=1\n", 2),
        ["parity/readers-differ B"]
    );
    assert_eq!(
        differ("A=1\nC=1\nB=$A\n", "C=1\nA=1\nB=$A\n", 0),
        Vec::<String>::new()
    );
    assert_eq!(differ("B='x'\n", "B=x\n", 0), Vec::<String>::new());
    assert_eq!(differ("K=a\nexport K\n", "K=a\n", 0), Vec::<String>::new());
    assert_eq!(
        differ("K='a\\'#one'\n", "K='a\\'#two'\n", 1),
        ["document/syntax", "document/syntax"]
    );
}

#[test]
fn comments_after_values_of_ini_files_are_reported() {
    assert_eq!(
        compared("a.ini", "[a]\nx = 1 ; old\n", "[a]\nx = 1\n", 0),
        ["parity/readers-differ a.x"]
    );
    let commented = "[a]\nx = 1 ; old\n";
    assert_eq!(
        compared("a.ini", commented, "[a]\nx=1 ; old\n", 0),
        Vec::<String>::new()
    );
}

#[test]
fn sizes_in_units_are_read_as_systemd_reads_them() {
    let of = |size: &str| format!("[Service]\nMemoryMax={size}\n");
    assert_eq!(
        compared("a.service", &of("0.5G"), &of("512M"), 0),
        Vec::<String>::new()
    );
    for other in ["512MB", "0.6G", "512m", "infinity"] {
        assert_eq!(
            compared("a.service", &of("512M"), &of(other), 2).len(),
            1,
            "{other}"
        );
    }
}

#[test]
fn words_of_yaml_1_1_are_reported() {
    assert_eq!(
        compared("a.yaml", "country: no\n", "country: \"no\"\n", 0),
        ["parity/readers-differ country"]
    );
    assert_eq!(
        compared("a.yaml", "at: 22:30\n", "at: '22:30'\n", 0),
        ["parity/readers-differ at"]
    );
    assert_eq!(
        compared(
            "a.yaml",
            "%YAML 1.1\n---\na: yes\n",
            "%YAML 1.1\n---\na: \"yes\"\n",
            2
        ),
        ["parity/readers-differ a"]
    );
    assert_eq!(
        compared("a.yaml", "a: b\n", "a: \"b\"\n", 0),
        Vec::<String>::new()
    );
}

#[test]
fn the_order_of_named_steps_is_reported() {
    for (staging, production, reported) in [
        (
            "steps:\n- {name: build, run: make}\n- {name: test, run: make test}\n",
            "steps:\n- {name: test, run: make test}\n- {name: build, run: make}\n",
            "parity/order-differs steps",
        ),
        (
            "initContainers:\n- {name: migrate, image: \"a:1\"}\n- {name: seed, image: \"b:1\"}\n",
            "initContainers:\n- {name: seed, image: \"b:1\"}\n- {name: migrate, image: \"a:1\"}\n",
            "parity/order-differs initContainers",
        ),
        (
            "env:\n- {name: A, value: x}\n- {name: B, value: \"$(A)y\"}\n",
            "env:\n- {name: B, value: \"$(A)y\"}\n- {name: A, value: x}\n",
            "parity/order-differs env",
        ),
    ] {
        assert_eq!(drift(&yaml(staging, production, ""), 2), [reported]);
    }
    // Tasks of a playbook.
    assert_eq!(
        drift(
            &yaml(
                "- name: a\n  ansible.builtin.apt: {name: x}\n- name: b\n  ansible.builtin.copy: {dest: /y}\n",
                "- name: b\n  ansible.builtin.copy: {dest: /y}\n- name: a\n  ansible.builtin.apt: {name: x}\n",
                ""
            ),
            2
        ),
        ["parity/order-differs"]
    );
    // Containers have names and no order.
    let (one, two) = (
        "containers: [{name: a}, {name: b}]\n",
        "containers: [{name: b}, {name: a}]\n",
    );
    assert_eq!(drift(&yaml(one, two, ""), 0), Vec::<String>::new());
}

#[test]
fn equal_values_are_listed_and_the_rule_can_be_disabled() {
    let (one, two) = (
        "memory: 1Gi\nhost: db.staging.example.org\nlevel: info\n",
        "memory: 1024Mi\nhost: db.production.example.org\nlevel: info\n",
    );
    let world = yaml(one, two, "");
    let reported = world.json(0, &["drift", "--parity", "--explain-equal"]);
    let messages: Vec<&str> = reported["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message.as_str().unwrap())
        .collect();
    assert_eq!(
        messages,
        [
            "counts as equal: `document.config.memory`: \"1Gi\" equals \"1024Mi\" (two spellings of one value)",
            "counts as equal: `document.config.host`: \"db.staging.example.org\" equals \"db.production.example.org\" (differ by identity values only)",
        ]
    );
    assert_eq!(
        drift(&yaml(one, two, "exact = [\"memory\"]\n"), 2),
        ["parity/setting-differs memory"]
    );
}

#[test]
fn names_that_count_as_equal_are_reported_and_can_be_disabled() {
    let world = TestWorld::empty();
    world.write("values-v1.yaml", "image: shop:v1\n");
    world.write("values-v2.yaml", "image: shop:v2\n");
    let reported = world.json(0, &["compare", "values-v1.yaml", "values-v2.yaml"]);
    let message = reported["messages"][0].as_str().unwrap();
    assert!(
        message.starts_with("`v1` and `v2`, from the two paths, count as equal at 1 place"),
        "{message}"
    );
    let reported = world.json(
        2,
        &["compare", "--no-names", "values-v1.yaml", "values-v2.yaml"],
    );
    assert_eq!(
        super::estate::reported(&reported),
        ["parity/image-differs image"]
    );
}

#[test]
fn displayed_values_are_distinguishable() {
    let world = pair("tfvars", "a = \"$${x}\"\n", "a = \"${x}\"\n", "");
    let reported = world.json(2, &["drift", "--parity"]);
    let finding = &reported["findings"][0];
    assert_ne!(finding["expected"], finding["found"]);
}

#[test]
fn the_rest_of_a_document_with_one_broken_spot_is_compared() {
    for (ending, staging, production) in [
        ("yaml", "a: 1\na: 2\nlevel: info\n", "a: 1\nlevel: debug\n"),
        (
            "json",
            "{\"a\": 1, \"a\": 2, \"level\": \"info\"}",
            "{\"a\": 1, \"level\": \"debug\"}",
        ),
        (
            "toml",
            "a = 1\na = 2\nlevel = \"info\"\n",
            "a = 1\nlevel = \"debug\"\n",
        ),
        ("env", "A=1\nA=2\nlevel=info\n", "A=1\nlevel=debug\n"),
        ("properties", "a=1\na=2\nlevel=info\n", "a=1\nlevel=debug\n"),
    ] {
        assert_eq!(
            drift(&pair(ending, staging, production, ""), 1),
            ["document/duplicate-key", "parity/setting-differs level"],
            "{ending}"
        );
    }
}

#[test]
fn text_of_another_encoding_is_reported_as_such() {
    let world = estate("[document.config]\npath = \"config/${environment}.yaml\"\n");
    world.write("config/production.yaml", "a: b\n");
    for (bytes, words) in [
        (&b"a: \xfcb\n"[..], "it is not UTF-8 from byte 3 on"),
        (b"\xff\xfea\0:\0", "it is UTF-16, as PowerShell writes it"),
    ] {
        std::fs::write(world.path("config/staging.yaml"), bytes).unwrap();
        let reported = world.json(1, &["drift", "--parity"]);
        let message = reported["findings"][0]["message"].as_str().unwrap();
        assert!(message.ends_with(words), "{message}");
        let reported = world.json(
            1,
            &["compare", "config/staging.yaml", "config/production.yaml"],
        );
        assert_eq!(reported["findings"][0]["code"], "document/not-text");
    }
}

#[test]
fn one_decision_is_one_finding() {
    let reach = |staging: &str, production: &str, code: i32| -> Vec<(String, u64)> {
        let found = yaml(staging, production, "").json(code, &["drift", "--parity"]);
        found["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| {
                let severity = finding["severity"].as_str().unwrap();
                let code = finding["code"].as_str().unwrap();
                (
                    format!("{severity} {code}"),
                    finding["reach"].as_u64().unwrap(),
                )
            })
            .collect()
    };
    // Keys at the root of a file.
    assert_eq!(
        reach(
            "a: 1\nb: 2\ns1: 1\ns2: 2\ns3: 3\n",
            "a: 1\nb: 2\np1: 4\np2: 5\np3: 6\np4: 7\n",
            2
        ),
        [
            ("critical parity/key-missing".to_owned(), 4),
            ("critical parity/key-missing".to_owned(), 3)
        ]
    );
    // The same element of several lists.
    let apps = |more: &str| {
        format!(
            "apps:\n- {{name: a, env: [{{name: X, value: x}}{more}]}}\n- {{name: b, env: [{{name: X, value: y}}{more}]}}\n"
        )
    };
    assert_eq!(
        reach(&apps(""), &apps(", {name: TAG, value: t}"), 2),
        [("error parity/element-missing".to_owned(), 2)]
    );
    // Schedules shifted within the day, and one that runs more often.
    assert_eq!(
        reach(
            "jobs:\n- {name: a, schedule: \"3 1 * * *\"}\n- {name: b, schedule: \"4 1 * * *\"}\n- {name: c, schedule: \"5 1 * * *\"}\n",
            "jobs:\n- {name: a, schedule: \"30 2 * * *\"}\n- {name: b, schedule: \"31 2 * * *\"}\n- {name: c, schedule: \"5 * * * *\"}\n",
            2
        ),
        [
            ("error parity/setting-differs".to_owned(), 1),
            ("warning parity/setting-differs".to_owned(), 2)
        ]
    );
    // One size, rounded in two ways.
    assert_eq!(
        reach("memory: 1.5Gi\n", "memory: 1500Mi\n", 0),
        [("warning parity/inverted".to_owned(), 1)]
    );
}
