//! Tokens on storage: `tokens/<id>.json`, each put only if absent, never changed, and removed when
//! it is revoked. Of the secret only its argon2id hash is kept.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::{Error, Lake, Result};

const FOLDER: &str = "tokens";

/// What is known of a token, but for its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The part of the token that names it.
    pub id: String,
    /// Who presents it: `analyst`, `authority:213502388`…
    pub role: String,
    /// What it is for, in words.
    pub label: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
    /// The argon2id hash of its secret, as a PHC string.
    pub hash: String,
}

impl Lake {
    /// Keeps a new token.
    ///
    /// # Errors
    /// When one of that id is there, or storage fails.
    pub async fn put_token(&self, token: &Token) -> Result<()> {
        let body = serde_json::to_vec_pretty(token).expect("a token has text keys only");
        let put = self.put_if_absent(&path(&token.id), body).await;
        put.map_err(|source| Error::Tokens { step: "write", source })
    }

    /// Returns the token of that id; none when there is none, or it was revoked.
    ///
    /// # Errors
    /// [`Error::DamagedToken`], or when storage fails.
    pub async fn token(&self, id: &str) -> Result<Option<Token>> {
        let read = async || self.store.get(&path(id)).await?.bytes().await;
        let body = match read().await {
            Ok(body) => body,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(Error::Tokens { step: "read", source }),
        };
        // The parser's reason could show what stands in the file.
        let token: Option<Token> = serde_json::from_slice(&body).ok();
        let token = token.filter(|token| token.id == id);
        token.map(Some).ok_or_else(|| Error::DamagedToken { id: id.to_owned() })
    }

    /// Returns the ids of all tokens, in order.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub async fn token_ids(&self) -> Result<BTreeSet<String>> {
        let ids = self.records_in(FOLDER).await;
        ids.map_err(|source| Error::Tokens { step: "list", source })
    }

    /// Removes a token: no door takes it from now on.
    ///
    /// # Errors
    /// [`Error::NoToken`], or when storage fails.
    pub async fn remove_token(&self, id: &str) -> Result<()> {
        let failed = |step| move |source| Error::Tokens { step, source };
        match self.store.head(&path(id)).await {
            Ok(_) => self.store.delete(&path(id)).await.map_err(failed("remove")),
            Err(object_store::Error::NotFound { .. }) => Err(Error::NoToken { id: id.to_owned() }),
            Err(source) => Err(failed("read")(source)),
        }
    }
}

/// A name of one part, whatever is in the id.
fn path(id: &str) -> Path {
    Path::from_iter([FOLDER, &format!("{id}.json")])
}
