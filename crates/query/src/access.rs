//! Who stands behind a call: every door asks here before it asks the gateway.

use carnac_lake::Lake;
use chrono::{DateTime, Utc};

use crate::{Error, Principal, Result};

/// Tells who asks by the token that a call presents.
#[derive(Debug)]
pub struct Access {
    lake: Lake,
    /// Who asks without a token; nobody may when there is none.
    anonymous: Option<Principal>,
    clock: fn() -> DateTime<Utc>,
}

impl Access {
    /// Makes the access to a lake: its tokens, and who asks without one.
    #[must_use]
    pub fn new(lake: Lake, anonymous: Option<Principal>, clock: fn() -> DateTime<Utc>) -> Self {
        Self { lake, anonymous, clock }
    }

    /// Returns who presents this token, the whole text of it, or who asks without one.
    ///
    /// # Errors
    /// `Unauthenticated` for a token that does not hold, which is never taken for none, and for
    /// none where one is wanted.
    pub async fn principal(&self, presented: Option<&str>) -> Result<Principal> {
        let Some(_token) = presented else {
            return self.anonymous.ok_or_else(|| Error::unauthenticated("a token is wanted"));
        };
        Err(Error::unauthenticated("the token does not hold"))
    }
}
