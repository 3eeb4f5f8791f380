//! The compound file around the stream of an XLS, taken off and put back on.
//!
//! A compound file is a small file system whose chains of sectors may run in circles. The one
//! that is put back on is of our own making and holds the workbook alone.

const SIGNATURE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// Longest stream of a workbook, in bytes.
const MAX_STREAM: usize = 64 * 1024 * 1024;
/// Streams shorter than this lie in the small sectors of the root's stream.
const SMALL: usize = 4096;
const END: u32 = 0xFFFF_FFFE;

/// One entry of the directory.
struct Entry {
    start: u32,
    length: usize,
}

/// Returns the stream `Workbook`, or `Book` before 1997; `None` when the file is not sound.
pub(super) fn workbook(file: &[u8]) -> Option<Vec<u8>> {
    let size = match (file.starts_with(SIGNATURE), short(file, 30)?) {
        (true, 9) => 512,
        (true, 12) => 4096,
        _ => return None,
    };
    let sectors = file.get(size..)?;
    let table = table(file, sectors, size)?;
    let directory = chain(sectors, size, &table, word(file, 48)?, MAX_STREAM)?;
    let entries: Vec<_> = directory.as_chunks::<128>().0.iter().collect();
    let entry = |wanted: &str| entries.iter().find(|entry| is_named(entry, wanted)).copied();
    let entry = read_entry(entry("Workbook").or_else(|| entry("Book"))?)?;
    if entry.length > MAX_STREAM {
        return None;
    }
    if entry.length >= SMALL {
        return chain(sectors, size, &table, entry.start, entry.length);
    }
    let root = read_entry(entries.first()?)?;
    let small = chain(sectors, size, &table, root.start, root.length.min(MAX_STREAM))?;
    let small_table = chain(sectors, size, &table, word(file, 60)?, MAX_STREAM)?;
    chain(&small, 64, &words(&small_table), entry.start, entry.length)
}

/// The allocation table: for each sector, the one that follows it in its chain.
fn table(file: &[u8], sectors: &[u8], size: usize) -> Option<Vec<u32>> {
    let mut places = words(file.get(76..512)?);
    let mut more = word(file, 68)?;
    for _ in 0..=sectors.len() / size {
        if more >= END - 4 {
            break;
        }
        let mut next = words(sector(sectors, size, more)?);
        more = next.pop()?;
        places.extend(next);
    }
    let mut table = Vec::new();
    for place in places.into_iter().filter(|place| *place < END - 4) {
        // A sector that is named over and over would make a table longer than the file.
        if table.len() > sectors.len() {
            return None;
        }
        table.extend(words(sector(sectors, size, place)?));
    }
    Some(table)
}

/// The bytes of a chain of sectors, up to `length`; `None` when it leaves the file or runs in
/// circles.
fn chain(
    sectors: &[u8],
    size: usize,
    table: &[u32],
    mut place: u32,
    length: usize,
) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while place != END && bytes.len() < length {
        if bytes.len() > sectors.len() {
            return None;
        }
        bytes.extend_from_slice(sector(sectors, size, place)?);
        place = *table.get(usize::try_from(place).ok()?)?;
    }
    bytes.truncate(length);
    Some(bytes)
}

/// One sector; the last of a file may be cut short.
fn sector(sectors: &[u8], size: usize, place: u32) -> Option<&[u8]> {
    let start = usize::try_from(place).ok()?.checked_mul(size)?;
    sectors.get(start..sectors.len().min(start + size)).filter(|bytes| !bytes.is_empty())
}

fn is_named(entry: &[u8; 128], wanted: &str) -> bool {
    let units = entry.as_chunks::<2>().0.iter().take(32).map(|unit| u16::from_le_bytes(*unit));
    let name = char::decode_utf16(units.take_while(|unit| *unit != 0));
    name.map(|letter| letter.unwrap_or_default().to_ascii_lowercase())
        .eq(wanted.chars().map(|letter| letter.to_ascii_lowercase()))
}

fn read_entry(entry: &[u8; 128]) -> Option<Entry> {
    let length = usize::try_from(word(entry, 120)?).ok()?;
    Some(Entry { start: word(entry, 116)?, length })
}

/// Puts a workbook's stream into a compound file with sectors of 4,096 bytes.
pub(super) fn around(stream: &[u8]) -> Vec<u8> {
    const SIZE: usize = 4096;
    const FREE: u32 = 0xFFFF_FFFF;
    let held = stream.len().div_ceil(SIZE).max(1);
    // The table tells of the stream, the directory and itself: 1,024 sectors in each of its own.
    let tables = (held + 1).div_ceil(SIZE / 4 - 1);
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes();
    let mut file = vec![0; SIZE * (1 + held + 1 + tables)];
    let mut write = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);

    write(0, SIGNATURE);
    write(24, &[0x3E, 0, 4, 0, 0xFE, 0xFF, 12, 0, 6, 0]);
    write(40, &number(1));
    write(44, &number(tables));
    write(48, &number(held));
    write(56, &number(SMALL));
    write(60, &END.to_le_bytes());
    write(68, &END.to_le_bytes());
    for place in 0..109 {
        let table = if place < tables { number(held + 1 + place) } else { FREE.to_le_bytes() };
        write(76 + 4 * place, &table);
    }
    write(SIZE, stream);

    let directory = SIZE * (1 + held);
    for (entry, (name, kind, length)) in
        [("Root Entry", 5, 0), ("Workbook", 2, held * SIZE)].into_iter().enumerate()
    {
        let at = directory + 128 * entry;
        name.encode_utf16()
            .enumerate()
            .for_each(|(unit, c)| write(at + 2 * unit, &c.to_le_bytes()));
        write(at + 64, &[u8::try_from(2 * name.len() + 2).unwrap_or(u8::MAX), 0, kind, 1]);
        write(at + 120, &number(length));
    }
    for place in 0..tables * (SIZE / 4) {
        let next = match place {
            _ if place + 1 < held => number(place + 1),
            _ if place <= held => END.to_le_bytes(),
            _ if place <= held + tables => 0xFFFF_FFFD_u32.to_le_bytes(),
            _ => FREE.to_le_bytes(),
        };
        write(directory + SIZE + 4 * place, &next);
    }
    file
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

/// Four bytes, least first.
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

/// Two bytes, least first.
pub(super) fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|short| u16::from_le_bytes(*short))
}
