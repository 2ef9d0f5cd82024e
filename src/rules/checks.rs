//! Checks that several parts of a policy share.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::error::{Error, Place};
use crate::policy::Number;

/// The one field of a choice that is given, and its name.
pub(super) fn one_of<T, const N: usize>(
    place: &Place<'_>,
    fields: [(&'static str, Option<T>); N],
) -> Result<(&'static str, T), Error> {
    let names = fields
        .each_ref()
        .map(|(name, value)| (*name, value.is_some()));
    let mut given = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    match (given.next(), given.next()) {
        (Some(choice), None) => Ok(choice),
        _ => Err(not_one(place, &names)),
    }
}

/// Which fields there are, and which of them are given.
#[cold]
fn not_one(place: &Place<'_>, fields: &[(&str, bool)]) -> Error {
    let mut given = fields.iter().filter(|(_, given)| *given);
    if let (Some((one, _)), Some((other, _))) = (given.next(), given.next()) {
        return place.error(format!("has both `{one}` and `{other}`; keep one"));
    }
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    place.error(format!("needs one of `{}`", names.join("`, `")))
}

/// The number, if it is a whole one of these.
pub(super) fn whole(Number(number): Number, of: RangeInclusive<u32>) -> Option<u32> {
    let fits = (f64::from(*of.start())..=f64::from(*of.end())).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number within u32 by the checks before"
    )]
    (fits && number.fract() == 0.0).then_some(number as u32)
}

/// Refuses an empty list, since it may be meant as none or as all.
pub(super) fn not_empty<T>(place: &Place<'_>, list: &[T], remedy: &str) -> Result<(), Error> {
    if list.is_empty() {
        return Err(empty(place, remedy));
    }
    Ok(())
}

/// Once for lists of all kinds, as is [`too_long`].
#[cold]
#[inline(never)]
fn empty(place: &Place<'_>, remedy: &str) -> Error {
    place.error(format!("is empty; {remedy}"))
}

/// Refuses a list that is too long. The remedy begins with what it lists.
pub(super) fn at_most<T>(
    place: &Place<'_>,
    list: &[T],
    most: usize,
    remedy: &str,
) -> Result<(), Error> {
    if list.len() > most {
        return Err(too_long(place, list.len(), most, remedy));
    }
    Ok(())
}

#[cold]
#[inline(never)]
fn too_long(place: &Place<'_>, length: usize, most: usize, remedy: &str) -> Error {
    place.error(format!("has {length}, above {most} {remedy}"))
}

/// Refuses a name that another has already.
pub(super) fn once(
    place: &Place<'_>,
    names: &mut BTreeSet<Arc<str>>,
    name: &Arc<str>,
) -> Result<(), Error> {
    if names.insert(name.clone()) {
        Ok(())
    } else {
        Err(place.error(format!("{name:?} stands twice; give each its own name")))
    }
}
