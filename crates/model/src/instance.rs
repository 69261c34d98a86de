//! An instance: a resource on one of the hosts of its target. A member: one of these hosts.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Address;

/// The longest host name in bytes, as in DNS.
const LONGEST_HOST: usize = 253;

/// The name of a host, such as `web-1` or `web-1.example.org`.
///
/// One pointer wide, so that an [`Instance`] without a host is hardly larger than its address.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Arc<Box<str>>);

impl HostName {
    /// Parses a name: lower-case letters, digits, hyphens and dots, starting with a letter or digit.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let begins = |first: char| first.is_ascii_lowercase() || first.is_ascii_digit();
        let may_have = |each: char| begins(each) || each == '-' || each == '.';
        (text.len() <= LONGEST_HOST && text.starts_with(begins) && text.chars().all(may_have))
            .then(|| Self(Arc::new(text.into())))
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for HostName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{self}`")
    }
}

/// A resource on one host: the unit of observation, of applying and of steps.
///
/// Written `file.config` where the target is one machine, and `file.config@web-1` on a host of several. Ordered by
/// address, then host. Recipes and shapes know the address only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance {
    /// The resource.
    pub address: Address,
    /// The host, when the target has several.
    pub host: Option<HostName>,
}

/// One machine of a target: the key of observers and targets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// The target.
    pub target: Arc<str>,
    /// The host, when the target has several.
    pub host: Option<HostName>,
}

impl Member {
    /// Returns the machine of a target with one, or one of a target with several.
    #[must_use]
    pub fn new(target: &Arc<str>, host: Option<&HostName>) -> Self {
        Self {
            target: Arc::clone(target),
            host: host.cloned(),
        }
    }
}

/// Written `web` where the target is one machine, and `web@web-1` for a host of several.
impl fmt::Display for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.target)?;
        match &self.host {
            Some(host) => write!(formatter, "@{host}"),
            None => Ok(()),
        }
    }
}

impl Instance {
    /// Parses `file.config` or `file.config@web-1`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let Some((address, host)) = text.rsplit_once('@') else {
            return Address::parse(text).map(Self::from);
        };
        Some(Self {
            address: Address::parse(address)?,
            host: Some(HostName::parse(host)?),
        })
    }
}

impl From<Address> for Instance {
    fn from(address: Address) -> Self {
        Self {
            address,
            host: None,
        }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(formatter)?;
        match &self.host {
            Some(host) => write!(formatter, "@{host}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{self}`")
    }
}

impl Serialize for Instance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.host {
            Some(_) => serializer.collect_str(self),
            None => serializer.serialize_str(self.address.as_str()),
        }
    }
}

impl<'de> Deserialize<'de> for Instance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Instance;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an address, or an address and a host")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Instance, E> {
                Instance::parse(text)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::{HostName, Instance};
    use crate::Address;

    fn instance(text: &str) -> Instance {
        Instance::parse(text).unwrap()
    }

    #[test]
    fn it_is_written_and_read_with_and_without_a_host() {
        for text in ["file.config", "file.config@web-1", "file.a@10.0.0.1"] {
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(instance(text).to_string(), text);
            assert_eq!(serde_json::to_string(&instance(text)).unwrap(), json);
            assert_eq!(
                serde_json::from_str::<Instance>(&json).unwrap(),
                instance(text)
            );
        }
        assert_eq!(
            instance("file.config"),
            Instance::from(Address::new("file", "config"))
        );
        assert_eq!(instance("file.config@web-1").host, HostName::parse("web-1"));
    }

    #[test]
    fn invalid_instances_are_rejected() {
        for text in [
            "",
            "file",
            "file.",
            "file.a@",
            "file.a@Web",
            "@web-1",
            "file.a@-x",
        ] {
            assert_eq!(Instance::parse(text), None, "{text}");
            assert!(serde_json::from_value::<Instance>(text.into()).is_err());
        }
    }

    #[test]
    fn instances_are_ordered_by_address_and_host() {
        let sorted = [
            "file.a",
            "file.a@web-1",
            "file.a@web-2",
            "file.a-b",
            "file.b",
        ];
        assert!(sorted.map(instance).is_sorted());
    }

    #[test]
    fn a_host_costs_one_pointer() {
        assert_eq!(
            size_of::<Instance>(),
            size_of::<Address>() + size_of::<usize>()
        );
    }
}
