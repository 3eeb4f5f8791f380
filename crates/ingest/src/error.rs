//! Why a whole file could not be read. A bad row is not an error: it goes to quarantine.

use std::path::PathBuf;

/// Result of reading a file.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A file that could not be read; the other files are not concerned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{step} {}: {source}", path.display())]
    Io {
        /// `open` or `read`.
        step: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Nobody knows what the file holds.
    #[error(
        "{}: cannot tell which dataset this is; name it with --dataset ({known})",
        path.display()
    )]
    UnknownDataset {
        /// The file.
        path: PathBuf,
        /// The names there are.
        known: String,
    },
    /// The name's ending is not one we read.
    #[error(
        "{}: not a file this program reads (.csv, .json, .xml, .geojson, .xlsx, .xls or .parquet)",
        path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The dataset does not come as JSON.
    #[error("{}: dataset {dataset} is not read from JSON; give it as CSV", path.display())]
    NoJson {
        /// The file.
        path: PathBuf,
        /// The dataset.
        dataset: &'static str,
    },
    /// The dataset does not come as XML.
    #[error("{}: dataset {dataset} is not read from XML; give it as CSV", path.display())]
    NoXml {
        /// The file.
        path: PathBuf,
        /// The dataset.
        dataset: &'static str,
    },
    /// A required column is not in the header.
    #[error("{}: column `{column}` is missing; the header has: {found}", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column's name in the source.
        column: &'static str,
        /// The header as it stands.
        found: String,
    },
    /// Two columns have the name of one that is read: nothing says which of them is meant.
    #[error("{}: column `{column}` stands twice in the header; rename or take out the one that is not meant", path.display())]
    ColumnTwice {
        /// The file.
        path: PathBuf,
        /// The name, in lower case.
        column: String,
    },
    /// A table with more columns than any source has.
    #[error("{}: {found} columns; more than {} are refused", path.display(), crate::MAX_COLUMNS)]
    TooManyColumns {
        /// The file.
        path: PathBuf,
        /// How many there are.
        found: usize,
    },
    /// A profile that cannot be used.
    #[error("profile {}: {reason}", path.display())]
    Profile {
        /// The profile.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is not what its name says, or would take more memory than is given to a file.
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The name of the file does not say what the file leaves to it.
    #[error("{}: its name does not tell {lacks}; call it like communes-2018.geojson", path.display())]
    Unnamed {
        /// The file.
        path: PathBuf,
        /// What the name should tell.
        lacks: &'static str,
    },
    /// The file has no record, or list of records, where the dataset has some.
    #[error("{}: no records of its dataset in this file", path.display())]
    NoRecords {
        /// The file.
        path: PathBuf,
    },
    /// A JSON file with one object a line, which is no JSON as a whole.
    #[error("{}: one JSON object a line is not read; put the objects into {list}", path.display())]
    ObjectALine {
        /// The file.
        path: PathBuf,
        /// The list that is read, in words.
        list: String,
    },
    /// Two files of one run have the same name, which is what names a source.
    #[error(
        "{}: another file of this run is also called {name} in {dataset}; rename one, \
         or land a folder that holds both in subfolders",
        path.display()
    )]
    SameName {
        /// The file.
        path: PathBuf,
        /// The shared name.
        name: String,
        /// The dataset.
        dataset: &'static str,
    },
    /// What is to be landed again was never landed.
    #[error(
        "{}: neither its name nor its bytes are landed in {dataset}: there is nothing to replay; \
         `carnac ingest` lands it",
        path.display()
    )]
    NotLanded {
        /// The file.
        path: PathBuf,
        /// The dataset.
        dataset: &'static str,
    },
    /// A survey file, and no secret to name its respondents by.
    #[error(
        "{}: a survey lands under pseudonyms, and there is no key to make them with; name a file \
         that holds one with --pseudonym-key-file, or set CARNAC_PSEUDONYM_KEY",
        path.display()
    )]
    NoPseudonymKey {
        /// The file.
        path: PathBuf,
    },
    /// No profile says what the survey asked and which columns may land.
    #[error(
        "{}: no profile with a [survey] describes this file; name one with --profile, or put it in \
         the folder `profiles` of the lake",
        path.display()
    )]
    NoSurveyProfile {
        /// The file.
        path: PathBuf,
    },
    /// The file has not the columns of its profile. The reason quotes the profile only: the
    /// headings of a survey may name people.
    #[error("{}: {reason}", path.display())]
    SurveyLayout {
        /// The file.
        path: PathBuf,
        /// What is missing, or stands twice.
        reason: String,
    },
    /// More authorities answer than there may be.
    #[error("{}: more authorities answer this survey than can be kept track of", path.display())]
    TooManyAuthorities {
        /// The file.
        path: PathBuf,
    },
    /// The file is not the one whose checksum was taken.
    #[error("{}: it changed while it was being read; run again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The archive is damaged or cut short, or there is no disk left to unpack it.
    #[error("unpack {}: {source}; nothing of it is landed, have it sent again", archive.display())]
    Unpack {
        /// The archive.
        archive: PathBuf,
        /// What the decompressor or the system says.
        source: std::io::Error,
    },
    /// A member that no honest archive holds, or that cannot be read.
    #[error("unpack {}: member {member:?} {reason}; nothing of the archive is landed", archive.display())]
    Refused {
        /// The archive.
        archive: PathBuf,
        /// The member's name as it stands.
        member: String,
        /// What is wrong with it, and what to do.
        reason: &'static str,
    },
    /// The archive holds more than its size lets expect: a bomb, or a very repetitive file.
    #[error(
        "unpack {}: it would become more than {limit} bytes, the most allowed for its size; \
         if it is honest, unpack it by hand and land the folder",
        archive.display()
    )]
    Expands {
        /// The archive.
        archive: PathBuf,
        /// Bytes that it may become.
        limit: u64,
    },
    /// One run may not fill the disk.
    #[error("unpack {}: this run would write more than {limit} bytes; land it in several", path.display())]
    NoRoom {
        /// What was being unpacked or fetched.
        path: PathBuf,
        /// Bytes that one run may write.
        limit: u64,
    },
    /// More members or objects than one delivery may have.
    #[error("unpack {}: it holds more than {limit} files; split it", path.display())]
    TooMany {
        /// The archive or address.
        path: PathBuf,
        /// The most it may hold.
        limit: usize,
    },
    /// An archive within an archive; its neighbours are not concerned.
    #[error(
        "unpack {}: member {member:?} is itself an archive, which is not opened; \
         unpack it by hand and land the folder",
        archive.display()
    )]
    Nested {
        /// The outer archive.
        archive: PathBuf,
        /// The inner one.
        member: String,
    },
    /// The archive holds nothing to land.
    #[error("unpack {}: none of its {members} members is a file that this program reads", archive.display())]
    NoData {
        /// The archive.
        archive: PathBuf,
        /// How many files there are in it.
        members: usize,
    },
    /// The bucket refused.
    #[error("{step} {address}: {source}")]
    Fetch {
        /// `list` or `fetch`.
        step: &'static str,
        /// The address.
        address: String,
        /// The storage's own reason.
        source: object_store::Error,
    },
    /// The lake refused.
    #[error(transparent)]
    Lake(#[from] carnac_lake::Error),
}
