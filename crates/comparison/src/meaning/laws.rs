//! Properties of all values: mirrored arguments give the mirrored answer, another spelling is equal, another value is
//! not, and nothing panics.

use proptest::prelude::*;

use super::tests::{ask, scalar};
use super::{Context, Relation, floating_tag, relate};
use evenkeel_document::ScalarKind;

const KINDS: [ScalarKind; 8] = [
    ScalarKind::Null,
    ScalarKind::Boolean,
    ScalarKind::Integer,
    ScalarKind::Float,
    ScalarKind::Text,
    ScalarKind::Date,
    ScalarKind::Expression,
    ScalarKind::Loose,
];

const KEYS: [&str; 14] = [
    "",
    "memory",
    "cpu",
    "image",
    "tag",
    "version",
    "schedule",
    "timeout_seconds",
    "disk_size_gb",
    "replicas",
    "port",
    "debug",
    "zone_id",
    "heap",
];

/// Texts close to the syntax of each sort.
fn near() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9.eE+-]{0,12}",
        "[0-9]{1,4}(\\.[0-9]{1,3})?(m|k|M|G|E|Ki|Mi|Gi|MB|MiB|s|ms|h|min| seconds|%|e3|E)?",
        "(P[0-9]{0,2}[DW]?T?)?([0-9]{1,3}[hms]){0,3}",
        "[<>=~^!]{0,2} ?[0-9]{1,2}(\\.[0-9x*]{1,2}){0,3}(-(alpha|rc\\.1|0))?( ?(,|\\|\\|| - )? ?[<>=~^]{0,2}[0-9]{1,2}(\\.[0-9]){0,2})?",
        "[*0-9,/-]{1,4} [*0-9,/-]{1,4} [*0-9?]{1,2} [*0-9]{1,2} [*0-7]{1,2}( \\*)?",
        "(https?|HTTP|postgres)://[aA.b]{0,3}(:(80|443|5432)?)?(/[a%2fF]{0,4})?(\\?[ab]{0,2})?",
        "(ghcr\\.io/|docker\\.io/|library/)?[a-c]{1,3}(:(latest|1|v2))?(@sha256:[a-f0-9]{64})?",
        "(arn:aws:iam::[12]{12}:role/|vpc-|sg-|i-|sha256:|Z|0x)?[0-9a-f]{6,18}",
        "(true|false|yes|no|on|off|1|0|TRUE|enabled|)",
        "[\\PC]{0,8}",
    ]
}

fn kind() -> impl Strategy<Value = ScalarKind> {
    prop::sample::select(&KINDS[..])
}

fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&KEYS[..])
}

fn same(key: &str, above: &str, one: &str, two: &str) -> Relation {
    ask(
        (ScalarKind::Text, ScalarKind::Text),
        Context { key, above },
        one,
        two,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn swapped_arguments_mirror_the_answer(
        left in near(), right in near(), one in kind(), two in kind(), key in key(), above in prop::sample::select(&["", "limits", "image"][..])
    ) {
        let context = Context { key, above };
        for (left, right) in [(&left, &right), (&left, &left)] {
            if let Relation::Size { left, right, .. } = ask((one, two), context, left, right) {
                prop_assert!(left.is_finite() && right.is_finite() && left.to_bits() != right.to_bits());
            }
        }
        let _ = floating_tag(&left, context);
    }

    #[test]
    fn no_key_causes_a_panic(left in near(), right in near(), key in any::<String>(), above in any::<String>()) {
        let context = Context { key: &key, above: &above };
        let _ = relate(&scalar(ScalarKind::Text, &left), &scalar(ScalarKind::Loose, &right), context);
        let _ = floating_tag(&left, context);
    }

    #[test]
    fn byte_identical_values_are_the_same(text in near(), kind in kind(), key in key()) {
        prop_assert_eq!(ask((kind, kind), Context { key, above: "" }, &text, &text), Relation::Same);
    }

    #[test]
    fn a_quantity_in_other_units_is_the_same_and_the_next_byte_is_not(number in 1_u64..4096, power in 1_u32..5) {
        let units = ["", "Ki", "Mi", "Gi", "Ti"];
        let large = format!("{number}{}", units[power as usize]);
        let small = format!("{}{}", number * 1024, units[power as usize - 1]);
        let bytes = u128::from(number) * 1024_u128.pow(power);
        prop_assert_eq!(same("memory", "limits", &large, &small), Relation::Same);
        prop_assert_eq!(same("memory", "limits", &large, &bytes.to_string()), Relation::Same);
        for near in [bytes + 1, bytes - 1] {
            prop_assert_ne!(same("memory", "limits", &large, &near.to_string()), Relation::Same);
        }
    }

    #[test]
    fn cores_in_thousandths_are_the_same(thousandths in 1_u32..1_000_000) {
        let whole = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
        prop_assert_eq!(same("cpu", "requests", &format!("{thousandths}m"), &whole), Relation::Same);
        prop_assert_ne!(same("cpu", "requests", &format!("{}m", thousandths + 1), &whole), Relation::Same);
    }

    #[test]
    fn a_duration_split_otherwise_is_the_same(seconds in 1_u64..1_000_000) {
        let split = format!("{}h{}m{}s", seconds / 3600, seconds / 60 % 60, seconds % 60);
        let iso = format!("PT{}M{}S", seconds / 60, seconds % 60);
        let whole = format!("{seconds}s");
        let thousandths = format!("{}ms", seconds * 1000);
        for other in [&split, &iso, &thousandths] {
            prop_assert!(*other == whole || same("timeout", "", &whole, other) == Relation::Same, "{whole} and {other}");
            let longer = format!("{}s", seconds + 1);
            prop_assert_ne!(same("timeout", "", &longer, other), Relation::Same);
        }
    }

    #[test]
    fn a_url_with_its_scheme_s_port_is_the_same(host in "[a-z]{1,8}\\.example", path in "(/[a-z0-9]{0,5}){0,3}") {
        for (scheme, port) in [("http", 80), ("https", 443), ("postgres", 5432), ("redis", 6379)] {
            let without = format!("{scheme}://{host}{path}");
            let with = format!("{}://{}:{port}{path}", scheme.to_uppercase(), host.to_uppercase());
            prop_assert_eq!(same("url", "", &without, &with), Relation::Same);
            let other = format!("{scheme}://{host}:{}{path}", port + 1);
            prop_assert_ne!(same("url", "", &without, &other), Relation::Same);
        }
    }

    #[test]
    fn a_number_with_zeros_behind_it_is_the_same(whole in "[1-9][0-9]{0,40}", fraction in "[0-9]{1,20}", zeros in 0_usize..8) {
        let number = format!("{whole}.{fraction}");
        let padded = format!("{number}{}", "0".repeat(zeros + 1));
        let floats = (ScalarKind::Float, ScalarKind::Float);
        prop_assert_eq!(ask(floats, Context::default(), &number, &padded), Relation::Same);
        prop_assert_ne!(ask(floats, Context::default(), &number, &format!("{padded}1")), Relation::Same);
    }

    #[test]
    fn a_caret_is_its_bounds(major in 1_u64..100, minor in 0_u64..100, patch in 0_u64..100) {
        let caret = format!("^{major}.{minor}.{patch}");
        let bounds = format!(">={major}.{minor}.{patch} <{}.0.0", major + 1);
        prop_assert_eq!(same("version", "", &caret, &bounds), Relation::Same);
        prop_assert_ne!(same("version", "", &caret, &format!("^{major}.{minor}.{}", patch + 1)), Relation::Same);
    }

    #[test]
    fn a_step_is_its_list(step in 1_usize..60) {
        let list: Vec<String> = (0..60).step_by(step).map(|minute| minute.to_string()).collect();
        let stepped = format!("*/{step} * * * *");
        prop_assert_eq!(same("schedule", "", &stepped, &format!("{} * * * *", list.join(","))), Relation::Same);
    }
}
