//! Identities that `init` proposes: by evidence, and never one that causes a false finding.

use std::collections::BTreeSet;

use super::world::TestWorld;

/// Two or more environments with one document, and the expected result.
struct Case {
    name: &'static str,
    /// Name and text of each environment's file, in the order of promotion.
    files: &'static [(&'static str, &'static str)],
    /// Corresponding values of the first and the last environment.
    identities: &'static [(&'static str, &'static str)],
    /// `severity code` of all findings.
    findings: &'static [&'static str],
}

const SETTING: &str = "error parity/setting-differs";
const ID: &str = "warning parity/opaque-id-differs";
const NAME: &str = "advice parity/name-on-one-side";

const CASES: &[Case] = &[
    Case {
        name: "an account that is both environments' proves nothing",
        files: &[
            (
                "p-staging.yaml",
                "signer: arn:aws:signer:eu-west-2:300300300300:/profiles/tools\npromote: arn:aws:iam::100100100100:role/deployer\nown: \"200200200200\"\nretries: 3\n",
            ),
            (
                "p-production.yaml",
                "signer: arn:aws:signer:eu-west-2:300300300300:/profiles/tools\npromote: arn:aws:iam::200200200200:role/deployer\nown: \"300300300300\"\nretries: 3\n",
            ),
        ],
        identities: &[],
        findings: &[SETTING, ID],
    },
    Case {
        name: "a third account beside them is shared",
        files: &[
            (
                "qa.tfvars",
                "ecr = \"300300300300.dkr.ecr.eu-west-1.amazonaws.com/app\"\nrole = \"arn:aws:iam::100100100100:role/d\"\nown = \"100100100100\"\n",
            ),
            (
                "prod.tfvars",
                "ecr = \"300300300300.dkr.ecr.eu-west-1.amazonaws.com/app\"\nrole = \"arn:aws:iam::200200200200:role/d\"\nown = \"200200200200\"\n",
            ),
        ],
        identities: &[("100100100100", "200200200200")],
        findings: &[],
    },
    Case {
        name: "a list that names every environment contradicts nothing",
        files: &[
            (
                "dev.tfvars",
                "own = \"111111111111\"\nother = \"arn:aws:iam::111111111111:role/x\"\nreaders = [\"111111111111\", \"222222222222\"]\n",
            ),
            (
                "prod.tfvars",
                "own = \"222222222222\"\nother = \"arn:aws:iam::222222222222:role/x\"\nreaders = [\"111111111111\", \"222222222222\"]\n",
            ),
        ],
        identities: &[("111111111111", "222222222222")],
        findings: &["warning parity/environments-listed"],
    },
    Case {
        name: "a domain above everything is not an identity",
        files: &[
            (
                "values-staging.yaml",
                "publicDomain: stg.shop.example.org\nhost: stg.shop.example.org\nalerts:\n- {name: a, runbook: 'https://docs.shop.example.org/a'}\n- {name: b, runbook: 'https://docs.shop.example.org/b'}\n",
            ),
            (
                "values-production.yaml",
                "publicDomain: example.org\nhost: shop.example.org\nalerts:\n- {name: a, runbook: 'https://docs.shop.example.org/a'}\n- {name: b, runbook: 'https://docs.shop.example.org/b'}\n",
            ),
        ],
        identities: &[],
        findings: &[SETTING, NAME],
    },
    Case {
        name: "a domain with many hosts outweighs two that both have",
        files: &[
            (
                "app.dev.yaml",
                "a: api.dev.example.net\nb: web.dev.example.net\nc: dev.example.net\nd: cdn.dev.example.net\nmail: ops@example.net\nhelp: https://docs.example.net/x\n",
            ),
            (
                "app.live.yaml",
                "a: api.example.net\nb: web.example.net\nc: example.net\nd: cdn.example.net\nmail: ops@example.net\nhelp: https://docs.example.net/x\n",
            ),
        ],
        identities: &[("dev.example.net", "example.net")],
        findings: &[],
    },
    Case {
        name: "a word that everybody uses",
        files: &[
            (
                "a-staging.yaml",
                "zone: {domains: [staging.api], kind: web}\nretries: 3\n",
            ),
            (
                "a-production.yaml",
                "zone: {domains: [api], kind: web}\nretries: 3\n",
            ),
        ],
        identities: &[],
        findings: &[NAME],
    },
    Case {
        name: "a public suffix",
        files: &[
            (
                "a-staging.yaml",
                "x: staging.co.uk\ny: https://staging.co.uk/x\nretries: 3\n",
            ),
            (
                "a-production.yaml",
                "x: co.uk\ny: https://co.uk/x\nretries: 3\n",
            ),
        ],
        identities: &[],
        findings: &[NAME],
    },
    Case {
        name: "all mails of one environment to one address",
        files: &[
            (
                "v-qa.yaml",
                "a: {to: newsroom-editor-mails-qa@corp.example.org}\nb: {to: newsroom-editor-mails-qa@corp.example.org}\nc: {to: newsroom-editor-mails-qa@corp.example.org}\nretries: 3\n",
            ),
            (
                "v-prod.yaml",
                "a: {to: newsroom-urgent-alerts@corp.example.org}\nb: {to: newsroom-urgent-alerts@corp.example.org}\nc: {to: desk-business@corp.example.org}\nretries: 3\n",
            ),
        ],
        identities: &[],
        findings: &[SETTING],
    },
    Case {
        name: "one place with two hosts that have nothing in common",
        files: &[
            (
                "a-dev.yaml",
                "domain: search.dev.example.org\ncallback: https://legacysearchdev.example.net/cb\nretries: 3\n",
            ),
            (
                "a-live.yaml",
                "domain: search.example.org\ncallback: https://search.example.org/cb\nretries: 3\n",
            ),
        ],
        identities: &[],
        findings: &[SETTING, NAME],
    },
    Case {
        name: "a name of a third environment",
        files: &[
            (
                "a-staging.yaml",
                "one: ingress-qa\ntwo: web-qa-x\nretries: 3\n",
            ),
            (
                "a-production.yaml",
                "one: ingress-production\ntwo: web-production-x\nretries: 3\n",
            ),
        ],
        identities: &[],
        findings: &[SETTING],
    },
    Case {
        name: "a network by its beginning",
        files: &[
            (
                "c-staging.tfvars",
                "vpc_cidr = \"10.12.0.0/16\"\nsubnets = {\n  a = { cidr = \"10.12.4.0/24\" }\n  b = { cidr = \"10.12.5.0/24\" }\n}\nstack_network_prefix = \"10.12.0\"\n",
            ),
            (
                "c-production.tfvars",
                "vpc_cidr = \"10.13.0.0/16\"\nsubnets = {\n  a = { cidr = \"10.13.4.0/24\" }\n  b = { cidr = \"10.13.5.0/24\" }\n}\nstack_network_prefix = \"10.13.0\"\n",
            ),
        ],
        identities: &[("10.12", "10.13")],
        findings: &[],
    },
    Case {
        name: "a network in the middle of a number, and who may come in",
        files: &[
            (
                "c-qa.yaml",
                "vpc: 10.0.16.0/20\na: 10.0.17.0/24\nb: 10.0.18.5\nallowed: [10.0.16.0/20, 10.0.32.0/20, 10.9.0.0/16]\n",
            ),
            (
                "c-prod.yaml",
                "vpc: 10.0.32.0/20\na: 10.0.33.0/24\nb: 10.0.34.5\nallowed: [10.0.16.0/20, 10.0.32.0/20, 10.9.0.0/16]\n",
            ),
        ],
        identities: &[("10.0.16.0/20", "10.0.32.0/20")],
        findings: &[],
    },
    Case {
        name: "one place of a network",
        files: &[
            (
                "h-staging.yaml",
                "stack_network_prefix: \"10.12.0\"\nretries: 3\n",
            ),
            (
                "h-production.yaml",
                "stack_network_prefix: \"10.13.0\"\nretries: 3\n",
            ),
        ],
        identities: &[],
        findings: &[SETTING],
    },
    Case {
        name: "names that only one side has",
        files: &[
            (
                "a-staging.yaml",
                "title: \"Shop (staging)\"\nlist: \"STAGING - Mailing list\"\nfrom: noreply+staging@example.org\nproject: shop-graph-staging\nworkers: [jobs-staging, mail-staging]\nqueues: {staging-fast: {x: 1}}\nretries: 3\n",
            ),
            (
                "a-production.yaml",
                "title: Shop\nlist: Mailing list\nfrom: noreply@example.org\nproject: shop-graph\nworkers: [jobs, mail]\nqueues: {fast: {x: 1}}\nretries: 3\n",
            ),
        ],
        identities: &[],
        findings: &[NAME],
    },
    Case {
        name: "names with digits in scalars, lists and keys",
        files: &[
            (
                "a-staging.yaml",
                "db: db01staging\nnodes: [k8s-staging1.example.org, k8s-staging2.example.org]\nkeys: {staging1-a: 1, staging2-a: 2}\nenv: [\"A=http://staging1\"]\n",
            ),
            (
                "a-prod.yaml",
                "db: db01prod\nnodes: [k8s-prod1.example.org, k8s-prod2.example.org]\nkeys: {prod1-a: 1, prod2-a: 2}\nenv: [\"A=http://prod1\"]\n",
            ),
        ],
        identities: &[],
        findings: &[],
    },
    Case {
        name: "names of one letter",
        files: &[
            (
                "a-staging.yaml",
                "db: app-s-db\nweb: app-s-web\nhost: web-s1.example.org\nretries: 3\n",
            ),
            (
                "a-production.yaml",
                "db: app-p-db\nweb: app-p-web\nhost: web-p1.example.org\nretries: 3\n",
            ),
        ],
        identities: &[("s", "p")],
        findings: &[],
    },
    Case {
        name: "short names",
        files: &[
            (
                "a-staging.yaml",
                "db: app-stg-db\nqueue: stg_jobs\nretries: 3\n",
            ),
            (
                "a-production.yaml",
                "db: app-prd-db\nqueue: prd_jobs\nretries: 3\n",
            ),
        ],
        identities: &[("stg", "prd")],
        findings: &[],
    },
    Case {
        name: "another brand in each",
        files: &[
            (
                "a-staging.yaml",
                "a: oat.example.net\nb: api.oat.example.net\nc: x@oat.example.net\n",
            ),
            (
                "a-production.yaml",
                "a: shop.example.com\nb: api.shop.example.com\nc: x@shop.example.com\n",
            ),
        ],
        identities: &[("oat.example.net", "shop.example.com")],
        findings: &[],
    },
];

/// Returns the proposals of `init`, as pairs of the first and the last environment's values, and the findings of
/// `drift`.
fn played(files: &[(&str, &str)]) -> (BTreeSet<(String, String)>, BTreeSet<String>) {
    let world = TestWorld::empty();
    for (name, text) in files {
        world.write(name, text);
    }
    world.expect(0, &["init"]);
    let values = |file: &str| -> Vec<String> {
        let name = file.split('.').next().unwrap();
        let word = ["staging", "production", "prod", "qa", "dev", "live"]
            .into_iter()
            .find(|word| name.ends_with(word) || file.contains(&format!(".{word}.")))
            .unwrap();
        let text =
            std::fs::read_to_string(world.path(&format!("environments/{word}.toml"))).unwrap();
        let mut lines = text.lines().skip_while(|line| *line != "[values]").skip(1);
        lines
            .by_ref()
            .take_while(|line| !line.starts_with('['))
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('='))
            .map(|(_, value)| value.trim().trim_matches('"').to_owned())
            .collect()
    };
    let (first, last) = (files[0].0, files[files.len() - 1].0);
    let identities = values(first).into_iter().zip(values(last)).collect();
    let report = world
        .run(&["drift", "--parity", "--format", "json"])
        .document();
    let findings = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            format!("{} {}", text("severity"), text("code"))
        })
        .collect();
    (identities, findings)
}

#[test]
fn identities_are_proposed_by_evidence() {
    for case in CASES {
        let (identities, findings) = played(case.files);
        let expected: BTreeSet<(String, String)> = case
            .identities
            .iter()
            .map(|(one, two)| ((*one).to_owned(), (*two).to_owned()))
            .collect();
        assert_eq!(identities, expected, "{}", case.name);
        let expected: BTreeSet<String> = case.findings.iter().map(|&one| one.to_owned()).collect();
        assert_eq!(findings, expected, "{}", case.name);
    }
}
