//! Identities on small texts.

use super::{Identities, Identity, Which};

fn identities(pairs: &[(&str, &str)]) -> Identities {
    Identities::new(pairs.iter().map(|(left, right)| Identity {
        name: "x".into(),
        left: (*left).into(),
        right: (*right).into(),
    }))
}

#[test]
fn texts_that_differ_by_identities_agree() {
    let all = identities(&[("app-staging", "app"), ("staging", "production")]);
    for (left, right) in [
        ("app-staging-web-1", "app-web-1"),
        ("app-staging-files", "app-production-files"),
        ("STAGING_URL", "PRODUCTION_URL"),
        ("Staging", "Production"),
        ("app-staging.app-staging", "app.app-production"),
    ] {
        assert!(all.agree(left, right), "{left} {right}");
        assert!(!all.agree(right, left), "{right} {left}");
    }
    for (left, right) in [
        ("app-staging-web-1", "app-web-2"),
        ("staging", "staging"),
        ("production", "staging"),
        ("app-staging", "appx"),
        ("", "app"),
    ] {
        assert!(!all.agree(left, right), "{left} {right}");
    }
}

#[test]
fn short_words_and_numbers_must_stand_alone() {
    let all = identities(&[("stg", "prod"), ("7101", "7102")]);
    assert!(all.agree("db-stg-1", "db-prod-1"));
    assert!(!all.agree("stguct", "product"));
    assert!(all.agree("http://h:7101/x", "http://h:7102/x"));
    assert!(!all.agree("171013", "171023"));
}

#[test]
fn equal_marks_mean_agreement() {
    let all = identities(&[("staging", "production")]);
    assert_eq!(
        all.marked("a-staging-b", Which::Left),
        all.marked("a-production-b", Which::Right)
    );
    assert_eq!(all.marked("nothing", Which::Left), None);
}

#[test]
fn a_mention_of_the_other_environment_is_found() {
    let all = identities(&[
        ("staging.example.org", "example.org"),
        ("111122223333", "444455556666"),
        ("staging", "production"),
        ("app-staging", "app"),
    ]);
    let value = |text: &str, which| all.foreign(text, which).map(|(_, value)| value.to_string());
    assert_eq!(
        value("mail@example.org", Which::Left).as_deref(),
        Some("example.org")
    );
    assert_eq!(value("https://staging.example.org/x", Which::Left), None);
    assert_eq!(
        value("https://www.example.org/x", Which::Left).as_deref(),
        Some("example.org")
    );
    assert_eq!(value("example.org.uk", Which::Left), None);
    assert_eq!(value("my-example.org", Which::Left), None);
    assert_eq!(
        value("arn:aws:iam::444455556666:role/x", Which::Left).as_deref(),
        Some("444455556666")
    );
    assert_eq!(value("RAILS_ENV=production", Which::Left), None);
    assert_eq!(value("app-load-balancer", Which::Left), None);
    assert_eq!(
        value("db.staging.example.org", Which::Right).as_deref(),
        Some("staging.example.org")
    );
}

#[test]
fn a_host_that_contains_its_own_environment_is_not_foreign() {
    let all = Identities::new([Identity {
        name: "environment".into(),
        left: "staging".into(),
        right: "production".into(),
    }]);
    let mentions = |text: &str| all.foreign(text, Which::Right).is_some();
    for text in [
        "db.staging.example.org",
        "db.staging.example.org:5432",
        "https://api-staging.example.org/x",
        "postgres://app@staging-db:5432/app",
    ] {
        assert!(mentions(text), "{text}");
    }
    for text in [
        "staging",
        "app-staging",
        "config.staging.settings.yml",
        "https://example.org/staging/x",
        "https://api.production.example.org/staging",
        "https://upstaging.example.org",
        "/srv/app.staging.log",
    ] {
        assert!(!mentions(text), "{text}");
    }
}

#[test]
fn a_host_with_its_own_environments_name_is_not_a_mention() {
    let identity = |name: &str, left: &str, right: &str| Identity {
        name: name.into(),
        left: left.into(),
        right: right.into(),
    };
    let all = Identities::new([
        identity("environment_short", "stg", "prod"),
        identity("domain", "stg.example.org", "example.org"),
    ]);
    let mentions = |text: &str| all.foreign(text, Which::Left).is_some();
    assert!(!mentions("mysql://stg-db.example.org:3306/app"));
    assert!(mentions("mysql://db.example.org:3306/stg"));
    assert!(mentions("mysql://prod-db.example.org:3306/app"));
    let all = Identities::new([
        identity("environment", "staging", "production"),
        identity("domain", "staging.example.org", "example.org"),
    ]);
    let mentions = |text: &str| all.foreign(text, Which::Left).is_some();
    assert!(!mentions("mysql://stg-db.example.org:3306/app"));
    assert!(mentions("mysql://sts-db.example.org:3306/app"));
}

#[test]
fn hostile_texts_take_bounded_time() {
    let all = identities(&[("a", "aa"), ("aa", "a"), ("ab", "b")]);
    let left = "a-".repeat(20_000);
    let right = "aa-".repeat(20_000);
    let _ = all.agree(&left, &right);
    let _ = all.marked(&left, Which::Left);
}

fn environments(left: &str, right: &str, more: &[(&str, &str, &str)]) -> Identities {
    let identity = |name: &str, left: &str, right: &str| Identity {
        name: name.into(),
        left: left.into(),
        right: right.into(),
    };
    let more = more
        .iter()
        .map(|(name, left, right)| identity(name, left, right));
    Identities::new(std::iter::once(identity("environment", left, right)).chain(more))
}

#[test]
fn names_glued_to_digits_and_to_words_are_names() {
    for (one, two, left, right) in [
        (
            "staging",
            "prod",
            "k8s-staging1.example.org",
            "k8s-prod1.example.org",
        ),
        ("staging", "prod", "db01staging", "db01prod"),
        ("staging", "prod", "stagingdb", "proddb"),
        ("staging", "prod", "dbStaging", "dbProd"),
        ("qa", "prod", "web-qa-1", "web-prod-1"),
        ("stg", "prd", "db2stg3", "db2prd3"),
        ("dev", "live", "dev2-web", "live2-web"),
        ("dev", "live", "webDev", "webLive"),
    ] {
        let all = environments(one, two, &[]);
        assert!(all.agree(left, right), "{left} {right}");
        assert!(!all.agree(right, left), "{right} {left}");
    }
    for (one, two, left, right) in [
        ("stg", "prd", "stguct", "prduct"),
        ("staging", "prod", "staging1", "prod2"),
        ("dev", "live", "device", "liveice"),
        ("qa", "prod", "qa1", "prod12"),
    ] {
        let all = environments(one, two, &[]);
        assert!(!all.agree(left, right), "{left} {right}");
    }
}

#[test]
fn a_name_on_one_side_is_reported() {
    for (one, two, left, right, which) in [
        (
            "staging",
            "production",
            "Shop (staging)",
            "Shop",
            Which::Left,
        ),
        (
            "staging",
            "production",
            "STAGING - Mailing list",
            "Mailing list",
            Which::Left,
        ),
        (
            "staging",
            "production",
            "[Staging] Shop",
            "Shop",
            Which::Left,
        ),
        (
            "staging",
            "production",
            "noreply+staging@example.org",
            "noreply@example.org",
            Which::Left,
        ),
        (
            "staging",
            "production",
            "shop-graph-staging",
            "shop-graph",
            Which::Left,
        ),
        (
            "staging",
            "production",
            "staging.shop.example.org",
            "shop.example.org",
            Which::Left,
        ),
        (
            "staging",
            "production",
            "stg.shop.example.org",
            "shop.example.org",
            Which::Left,
        ),
        ("staging", "production", "shopstaging", "shop", Which::Left),
        ("staging", "production", "ShopStaging", "Shop", Which::Left),
        (
            "staging",
            "production",
            "SHOP_STAGING_URL",
            "SHOP_URL",
            Which::Left,
        ),
        (
            "staging",
            "production",
            "shop",
            "shop-production",
            Which::Right,
        ),
        (
            "staging",
            "production",
            "a-staging/b-staging",
            "a/b",
            Which::Left,
        ),
        (
            "staging",
            "production",
            "shop-search-staging",
            "shop-search",
            Which::Left,
        ),
        ("qa", "live", "Shop QA", "Shop", Which::Left),
        ("dev", "live", "shop", "shop-live", Which::Right),
        (
            "eu-staging",
            "eu-prod",
            "shop-eu-staging",
            "shop",
            Which::Left,
        ),
        ("eu-staging", "eu-prod", "shop-staging", "shop", Which::Left),
    ] {
        let all = environments(one, two, &[]);
        assert_eq!(
            all.marked_on_one_side(left, right),
            Some(which),
            "{left} {right}"
        );
    }
    for (left, right) in [
        ("shop", "shop-staging"),
        ("shop-production", "shop"),
        ("staging", ""),
        ("staging", "-"),
        ("shop-qa", "shop"),
        ("shop-staging-2", "shop"),
        ("restaging", "re"),
        ("oldsearchstaging.dev", "search.example.org"),
        ("shop-staging", "shop-production"),
        ("Shop (staging)", "Store"),
    ] {
        let all = environments("staging", "production", &[]);
        assert_eq!(all.marked_on_one_side(left, right), None, "{left} {right}");
    }
    // Together with other identity values.
    let all = environments(
        "staging",
        "production",
        &[("domain", "example.net", "example.org")],
    );
    let left = "noreply+staging@example.net";
    assert_eq!(
        all.marked_on_one_side(left, "noreply@example.org"),
        Some(Which::Left)
    );
    assert_eq!(all.marked_on_one_side(left, "noreply@example.com"), None);
}

#[test]
fn networks_correspond_address_by_address() {
    for (one, two, left, right) in [
        ("10.12", "10.13", "10.12.0.0/16", "10.13.0.0/16"),
        ("10.12", "10.13", "10.12.0", "10.13.0"),
        (
            "10.12",
            "10.13",
            "http://10.12.4.7:80/",
            "http://10.13.4.7:80/",
        ),
        ("10.1.0.0/16", "10.2.0.0/16", "10.1.4.0/24", "10.2.4.0/24"),
        ("10.1.0.0/16", "10.2.0.0/16", "10.1", "10.2"),
        ("10.1.0.0/16", "10.2.0.0/16", "ip-10-1-4-7", "ip-10-2-4-7"),
        (
            "10.1.0.0/16",
            "10.2.0.0/16",
            "4.1.10.in-addr.arpa",
            "4.2.10.in-addr.arpa",
        ),
        ("10.0.64.0/18", "10.0.128.0/18", "10.0.65.7", "10.0.129.7"),
        (
            "10.0.0.0/8",
            "11.0.0.0/8",
            "10.3.4.0/24, 10.9.9.9",
            "11.3.4.0/24, 11.9.9.9",
        ),
        ("192.168.7", "192.168.8", "192.168.7.20", "192.168.8.20"),
    ] {
        let all = identities(&[(one, two)]);
        assert!(all.agree(left, right), "{one} {two} {left} {right}");
    }
    for (one, two, left, right) in [
        ("10.12", "10.13", "10.12.4.7", "10.13.4.8"),
        ("10.12", "10.13", "10.121.4.7", "10.131.4.7"),
        ("10.12", "10.13", "1.10.12", "1.10.13"),
        ("10.0.64.0/18", "10.0.128.0/18", "10.0.65.7", "10.0.130.7"),
        ("10.1.0.0/16", "10.2.0.0/16", "2024-10-1", "2024-10-2"),
    ] {
        let all = identities(&[(one, two)]);
        assert!(!all.agree(left, right), "{one} {two} {left} {right}");
    }
    let all = identities(&[("10.12", "10.13")]);
    let value = |text: &str| {
        all.foreign(text, Which::Left)
            .map(|(_, value)| value.to_string())
    };
    assert_eq!(value("tcp://10.13.4.7:5432").as_deref(), Some("10.13.4.7"));
    assert_eq!(value("10.13.0.0/16"), None);
    assert_eq!(value("10.12.4.7"), None);
}
