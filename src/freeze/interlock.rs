//! The interlock: frozen while a gate is changed, then restored.

use super::record::FreezeKind;
use super::set::{closed, new_record};
use super::state::{Freeze, FreezeVars, Keys};
use super::write::{Claim, FreezeRefusal, FreezeWrite, ON, Terms};

/// A freeze that one run set for its own duration, and what was there before.
///
/// It can be built only together with the write that closes, and it can lift only that. It cannot be stored: a run
/// that is killed leaves the freeze in place.
#[derive(Debug)]
pub struct Interlock {
    keys: Keys,
    before: FreezeVars,
    after: FreezeVars,
}

impl Interlock {
    /// The interlock for a run that starts now; `None` if a freeze without an end and without an override is in place,
    /// which then stays untouched.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn needed(keys: &Keys, live: &FreezeVars, claim: &Claim) -> Result<Option<(Self, FreezeWrite)>, FreezeRefusal> {
        let endless = match Freeze::read(live, claim.now) {
            Freeze::Recorded(record) => record.until.is_none(),
            Freeze::Unattributed | Freeze::Malformed { .. } => true,
            Freeze::Open | Freeze::Expired(_) => false,
        };
        // Spelled as readers that know only the flag expect it.
        let closed_for_all = live.flag.as_deref() == Some(ON) && !live.is_overridden();
        if endless && closed_for_all {
            return Ok(None);
        }
        let terms = Terms { kind: FreezeKind::Emergency, until: None, reference: None };
        let after = closed(live, &new_record(claim, &terms)?)?;
        let write = FreezeWrite::new(keys, live, &after)?;
        Ok(Some((Self { keys: keys.clone(), before: live.clone(), after }, write)))
    }

    /// Puts the freeze back as it was, if `live` still is what this run set. Only for after the gate was verified.
    ///
    /// How an override that is off is spelled does not count: gate.toml may declare it, and the same run may have written that.
    ///
    /// # Errors
    /// If the freeze has changed since: it then stays as it is.
    pub fn restore(&self, live: &FreezeVars) -> Result<FreezeWrite, FreezeRefusal> {
        let spelled_as_live = |vars: &FreezeVars| {
            let override_flag = if !vars.is_overridden() && !live.is_overridden() { &live.override_flag } else { &vars.override_flag };
            FreezeVars { override_flag: override_flag.clone(), ..vars.clone() }
        };
        if *live == spelled_as_live(&self.after) {
            FreezeWrite::new(&self.keys, live, &spelled_as_live(&self.before))
        } else {
            Err(FreezeRefusal::Changed)
        }
    }
}
