//! Copied random ids: equal in both environments, where each should have its own.
//!
//! An equal random id proves nothing by itself: a tenant, a role that a cloud defines, or a schema is the same
//! everywhere. An id counts as copied if the text around it names two accounts, if its key names something that each
//! environment has for itself, or, if the environments are known to have separate accounts, unless its key names
//! something shared.

use super::super::Identities;
use super::super::meaning::{self, Context};
use evenkeel_document::Scalar;

/// Words of keys whose id is rightly shared by all environments.
const SHARED: &[&str] = &[
    "tenant",
    "directory",
    "organization",
    "organisation",
    "org",
    "team",
    "group",
    "user",
    "owner",
    "member",
    "principal",
    "object",
    "admin",
    "customer",
    "company",
    "partner",
    "billing",
    "license",
    "product",
    "offer",
    "plan",
    "sku",
    "price",
    "schema",
    "namespace",
    "template",
    "dashboard",
    "datasource",
    "chart",
    "panel",
    "role",
    "policy",
    "definition",
    "permission",
    "scope",
    "build",
    "commit",
    "revision",
    "version",
    "feature",
    "flag",
    "guid",
    "type",
    "kind",
    "class",
    "issuer",
    "image",
    "ami",
    "snapshot",
    "shared",
    "common",
    "global",
    "central",
    "parent",
    "root",
    "source",
    "upstream",
    "public",
    "hub",
    "transit",
    "peer",
    "uid",
    "trace",
    "test",
    "example",
    "sample",
    "default",
    "builtin",
    "category",
    "locale",
];

/// Words of keys whose id belongs to one environment.
const OWN: &[&str] = &[
    "client",
    "application",
    "app",
    "instrumentation",
    "connection",
    "instance",
    "database",
    "cluster",
    "vault",
    "kms",
    "account",
    "subscription",
    "project",
    "environment",
    "workspace",
    "tunnel",
    "zone",
    "certificate",
    "cert",
    "bucket",
    "queue",
    "topic",
    "server",
    "installation",
    "site",
    "property",
    "monitor",
    "webhook",
    "endpoint",
    "device",
    "node",
    "store",
    "pool",
    "deployment",
    "vpc",
    "subnet",
    "gateway",
];

/// Prefixes of Amazon's ids that belong to one account and cannot be shared.
const AMAZON: &[&str] = &[
    "vpc", "subnet", "sg", "rtb", "igw", "nat", "eni", "vol", "i", "acl", "vpce", "fs", "fsap",
    "eipalloc", "lt",
];

/// Whether two values that are equal apart from identity values contain a copied random id.
pub(super) fn is_copied(
    left: &Scalar,
    right: &Scalar,
    context: Context<'_>,
    identities: &Identities,
) -> bool {
    const SHORTEST: usize = 11;
    const LONGEST: usize = 512;
    let (one, two) = (&*left.text, &*right.text);
    if !(SHORTEST..=LONGEST).contains(&one.len()) || !one.contains('-') {
        return false;
    }
    let Some(id) = random_id(one).filter(|id| two.contains(id.text)) else {
        return false;
    };
    let is_defined = ["Definitions/", "/builtIn", "schemas/", "/marketplace"]
        .iter()
        .any(|part| one.contains(part));
    if is_defined {
        return false;
    }
    // An id belongs to one account, so it cannot exist in two.
    if one != two {
        return names_accounts(one, two);
    }
    let is_shared =
        meaning::has_word(context.key, SHARED) || meaning::has_word(context.above, SHARED);
    let are_apart = identities.have_accounts();
    match id.sort {
        Sort::Amazon => are_apart && !is_shared,
        Sort::Uuid => {
            !is_shared
                && (are_apart
                    || meaning::has_word(context.key, OWN)
                    || meaning::has_word(context.above, OWN))
        }
    }
}

/// Whether two texts are names of resources in two accounts.
fn names_accounts(one: &str, two: &str) -> bool {
    let account = |text: &str| -> Option<String> {
        let is_account =
            |part: &&str| part.len() == 12 && part.bytes().all(|byte| byte.is_ascii_digit());
        text.split(|each: char| !each.is_ascii_alphanumeric())
            .find(is_account)
            .map(str::to_owned)
    };
    let is_scoped = |text: &str| {
        text.starts_with("arn:") || text.contains("/subscriptions/") || text.contains("projects/")
    };
    is_scoped(one) && is_scoped(two) && (account(one).is_none() || account(one) != account(two))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Uuid,
    Amazon,
}

struct RandomId<'t> {
    text: &'t str,
    sort: Sort,
}

/// Returns the first id in a text with a random form.
fn random_id(text: &str) -> Option<RandomId<'_>> {
    let is_part = |each: char| each.is_ascii_alphanumeric() || each == '-';
    text.split(|each| !is_part(each)).find_map(|word| {
        if is_random_uuid(word) {
            return Some(RandomId {
                text: word,
                sort: Sort::Uuid,
            });
        }
        let (prefix, digits) = word.rsplit_once('-')?;
        let is_amazon =
            AMAZON.contains(&prefix) && matches!(digits.len(), 8 | 17) && is_random(digits);
        is_amazon.then_some(RandomId {
            text: word,
            sort: Sort::Amazon,
        })
    })
}

/// Whether a word is a random or time-based UUID and not a well-known one, which has few different digits or is derived
/// from a name.
fn is_random_uuid(word: &str) -> bool {
    let bytes = word.as_bytes();
    let is_form = bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            14 => matches!(byte, b'1' | b'4' | b'6' | b'7'),
            19 => matches!(byte.to_ascii_lowercase(), b'8' | b'9' | b'a' | b'b'),
            _ => byte.is_ascii_hexdigit(),
        });
    is_form && is_random(word)
}

/// Whether hexadecimal digits look random: enough different ones, with letters.
fn is_random(digits: &str) -> bool {
    let mut seen = 0_u16;
    let mut letters = 0;
    for byte in digits.bytes().filter(|byte| *byte != b'-') {
        let Some(value) = char::from(byte).to_digit(16) else {
            return false;
        };
        seen |= 1 << value;
        letters += usize::from(byte.is_ascii_alphabetic());
    }
    let different = seen.count_ones() as usize;
    letters > 0 && different * 2 >= digits.len().min(16)
}

#[cfg(test)]
mod tests {
    use super::is_copied;
    use crate::meaning::Context;
    use crate::{Identities, Identity};
    use evenkeel_document::{Scalar, ScalarKind};

    const ID: &str = "15bdd743-ecd7-4059-86ff-b8b6a72054c4";

    fn copied(key: &str, left: &str, right: &str, have_accounts: bool) -> bool {
        let text = |text: &str| Scalar {
            kind: ScalarKind::Text,
            text: text.into(),
        };
        let account = have_accounts.then(|| Identity {
            name: "account".into(),
            left: "111111111111".into(),
            right: "222222222222".into(),
        });
        let context = Context { key, above: "" };
        is_copied(
            &text(left),
            &text(right),
            context,
            &Identities::new(account),
        )
    }

    fn same(key: &str, value: &str, have_accounts: bool) -> bool {
        copied(key, value, value, have_accounts)
    }

    #[test]
    fn an_id_within_two_accounts_was_copied() {
        for resource in [
            format!("key/{ID}"),
            "natgateway/nat-0f2ab31c9d4e5a678".into(),
        ] {
            let arn = |account: &str| format!("arn:aws:kms:eu-west-1:{account}:{resource}");
            assert!(
                copied("kms", &arn("111111111111"), &arn("222222222222"), true),
                "{resource}"
            );
        }
    }

    #[test]
    fn an_equal_id_of_a_separate_thing_was_copied() {
        assert!(same("client_id", ID, false));
        assert!(same("instrumentationKey", ID, false));
        assert!(same("id", ID, true));
        assert!(same("vpc_id", "vpc-0f2ab31c9d4e5a678", true));
    }

    #[test]
    fn an_id_that_is_equal_everywhere_was_not_copied() {
        for key in [
            "tenantId",
            "TENANT_ID",
            "organization_id",
            "shared_kms",
            "role_definition",
            "guid",
        ] {
            assert!(!same(key, ID, true), "{key}");
        }
        assert!(!same("id", ID, false));
        assert!(!same("vpc_id", "vpc-0f2ab31c9d4e5a678", false));
        for value in [
            "00000003-0000-0000-c000-000000000000",
            "00000000-0000-4000-8000-000000000001",
            // Derived from a name.
            "6ba7b810-9dad-51d1-80b4-00c04fd430c8",
            "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c",
            "ami-0f2ab31c9d4e5a678",
            "eu-west-1a",
            "some-words-with-dashes",
        ] {
            assert!(!same("client", value, true), "{value}");
        }
    }
}
