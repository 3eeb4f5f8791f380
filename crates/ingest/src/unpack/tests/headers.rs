//! Headers of a tar that name or describe the file after them.

use super::*;

#[test]
fn a_name_given_by_a_long_header_is_checked_too() {
    let mut builder = Builder::new(Vec::new());
    let link = header("././@LongLink", EntryType::GNULongName, 10);
    let mut gnu = Header::new_gnu();
    gnu.as_old_mut().name = link.as_old().name;
    gnu.set_entry_type(EntryType::GNULongName);
    gnu.set_size(12);
    gnu.set_cksum();
    builder.append(&gnu, b"../evil.csv\0".as_slice()).unwrap();
    builder.append(&header("good.csv", EntryType::Regular, 1), b"a".as_slice()).unwrap();
    let told = refusal("a.tar", &builder.into_inner().unwrap());
    assert!(told.contains("\"../evil.csv\""), "{told}");

    let mut builder = Builder::new(Vec::new());
    let record = b"20 path=../evil.csv\n";
    builder.append(&header("p", EntryType::XHeader, record.len()), record.as_slice()).unwrap();
    builder.append(&header("good.csv", EntryType::Regular, 1), b"a".as_slice()).unwrap();
    let told = refusal("a.tar", &builder.into_inner().unwrap());
    assert!(told.contains("\"../evil.csv\""), "{told}");
}

#[test]
fn a_header_may_not_change_a_length_nor_be_long() {
    let mut builder = Builder::new(Vec::new());
    let record = b"12 size=512\n";
    builder.append(&header("p", EntryType::XHeader, record.len()), record.as_slice()).unwrap();
    builder.append(&header("a.csv", EntryType::Regular, 1), b"a".as_slice()).unwrap();
    assert!(refusal("a.tar", &builder.into_inner().unwrap()).contains("sparse or beyond"));

    let mut builder = Builder::new(Vec::new());
    let long = vec![b'a'; 100_000];
    builder.append(&header("p", EntryType::XHeader, long.len()), long.as_slice()).unwrap();
    builder.append(&header("a.csv", EntryType::Regular, 1), b"a".as_slice()).unwrap();
    assert!(refusal("a.tar", &builder.into_inner().unwrap()).contains("header is too long"));
}

#[test]
fn names_of_an_older_windows_stay_apart() {
    let mut bytes = tar(&[("d1.csv", b"1"), ("d2.csv", b"2")]);
    for (at, byte) in [(1, 0xE9), (1025, 0xE8)] {
        bytes[at] = byte;
        let header = Header::from_byte_slice(&bytes[at - 1..at + 511]).clone();
        let mut header = header;
        header.set_cksum();
        bytes[at - 1..at + 511].copy_from_slice(header.as_bytes());
    }
    let unpacked = unpacked("a.tar", &bytes).unwrap();
    let names: Vec<_> = kept(&unpacked).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["dè.csv", "dé.csv"]);
}
