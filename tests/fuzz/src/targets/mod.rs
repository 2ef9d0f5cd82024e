//! One file for each subject.

pub(crate) mod announcements;
pub(crate) mod answer;
pub(crate) mod baggage;
pub(crate) mod claims;
pub(crate) mod cookies;
pub(crate) mod decide;
pub(crate) mod guard;
pub(crate) mod hosts;
pub(crate) mod network;
pub(crate) mod policy;
pub(crate) mod poller;
pub(crate) mod query;
pub(crate) mod regex;
pub(crate) mod replies;
pub(crate) mod requests;
pub(crate) mod shares;
pub(crate) mod switches;
pub(crate) mod text;
