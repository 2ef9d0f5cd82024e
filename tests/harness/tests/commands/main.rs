//! The command line against real config centres: what it publishes, takes back and switches is what
//! they have then, nobody's change is written over, and no secret is shown.

mod alert;
mod publish;
mod run;
mod switch;
