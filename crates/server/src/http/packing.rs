//! Answers packed for their way, when a client takes it so: zstd, or gzip.

use std::io::{self, Write};

use axum::http::{HeaderMap, header};
use flate2::Compression;
use flate2::write::GzEncoder;
use zstd::Encoder;

/// How hard zstd works: about as fast as the network.
const LEVEL: i32 = 3;

/// How an answer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Zstd,
    Gzip,
}

impl Packing {
    /// Returns its name in headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// Returns the best one that a client accepts, if any.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let named = headers.get_all(header::ACCEPT_ENCODING).into_iter();
        let accepted: Vec<_> =
            named.filter_map(|text| text.to_str().ok()).flat_map(|text| text.split(',')).collect();
        let takes = |name: &str| {
            accepted.iter().any(|entry| {
                let (entry, quality) = entry.split_once(';').unwrap_or((entry, ""));
                let quality = quality.trim().strip_prefix("q=").unwrap_or("1");
                entry.trim().eq_ignore_ascii_case(name)
                    && !quality.trim_matches(['0', '.']).is_empty()
            })
        };
        [Self::Zstd, Self::Gzip].into_iter().find(|packing| takes(packing.name()))
    }
}

/// Packs bytes as they come.
pub(super) enum Packer {
    Zstd(Box<Encoder<'static, Vec<u8>>>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
    Plain,
}

impl Packer {
    pub(super) fn new(packing: Option<Packing>) -> io::Result<Self> {
        Ok(match packing {
            Some(Packing::Zstd) => Self::Zstd(Box::new(Encoder::new(Vec::new(), LEVEL)?)),
            Some(Packing::Gzip) => {
                Self::Gzip(Box::new(GzEncoder::new(Vec::new(), Compression::fast())))
            }
            None => Self::Plain,
        })
    }

    /// Returns all of these bytes packed, so that they are read before others come.
    pub(super) fn pack(&mut self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        Ok(match self {
            Self::Zstd(encoder) => {
                encoder.write_all(&bytes)?;
                encoder.flush()?;
                std::mem::take(encoder.get_mut())
            }
            Self::Gzip(encoder) => {
                encoder.write_all(&bytes)?;
                encoder.flush()?;
                std::mem::take(encoder.get_mut())
            }
            Self::Plain => bytes,
        })
    }

    /// Ends with these bytes.
    pub(super) fn finish(mut self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut packed = self.pack(bytes)?;
        packed.extend(match self {
            Self::Zstd(encoder) => encoder.finish()?,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Plain => Vec::new(),
        });
        Ok(packed)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_packed_is_read_back() {
        let parts = [b"a,b\n".repeat(1000), Vec::new(), b"1,2\n".to_vec()];
        for packing in [Some(Packing::Zstd), Some(Packing::Gzip), None] {
            let mut packer = Packer::new(packing).unwrap();
            let mut packed: Vec<u8> =
                parts.iter().flat_map(|part| packer.pack(part.clone()).unwrap()).collect();
            packed.extend(packer.finish(b"end".to_vec()).unwrap());
            let mut text = Vec::new();
            match packing {
                Some(Packing::Zstd) => text = zstd::decode_all(packed.as_slice()).unwrap(),
                Some(Packing::Gzip) => {
                    flate2::read::GzDecoder::new(&*packed).read_to_end(&mut text).unwrap();
                }
                None => text.clone_from(&packed),
            }
            assert_eq!(text, [&parts.concat()[..], b"end"].concat());
            assert_eq!(packed.len() < 1000, packing.is_some());
        }
    }

    #[test]
    fn the_best_that_is_accepted_is_taken() {
        let cases = [
            ("gzip, deflate, br, zstd", Some(Packing::Zstd)),
            ("gzip;q=0.5", Some(Packing::Gzip)),
            ("zstd;q=0, GZIP", Some(Packing::Gzip)),
            ("zstd; q=0.000", None),
            ("identity", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, text.parse().unwrap())]);
            assert_eq!(Packing::accepted(&headers), expected, "{text}");
        }
        assert_eq!(Packing::accepted(&HeaderMap::new()), None);
    }
}
