//! Compressed bodies (RFC 9110, `Content-Encoding`).
//!
//! Compression is only requested by a check's own headers, but a service may compress without a request.

use std::io::Read;

use reqwest::header::{CONTENT_ENCODING, HeaderMap};

/// Returns the decompressed body, up to one byte more than `largest`.
///
/// # Errors
///
/// The reason why it is unavailable, as text after "body:".
pub(super) fn decoded(
    headers: &HeaderMap,
    mut body: Vec<u8>,
    largest: usize,
) -> Result<Vec<u8>, String> {
    let lists = headers.get_all(CONTENT_ENCODING).iter();
    let lists: Vec<String> = lists
        .map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
        .collect();
    let applied = lists.iter().flat_map(|list| list.split(',').map(str::trim));
    let applied: Vec<&str> = applied
        .filter(|coding| !matches!(*coding, "" | "identity"))
        .collect();
    // An answer to `HEAD` names the compression of a body that it does not have.
    if body.is_empty() {
        return Ok(body);
    }
    // They are listed in the order of application.
    for coding in applied.into_iter().rev() {
        body = match coding {
            "gzip" | "x-gzip" => whole(flate2::read::MultiGzDecoder::new(&*body), largest),
            // Some servers omit the frame that the standard requires.
            "deflate" => whole(flate2::read::ZlibDecoder::new(&*body), largest).or_else(|error| {
                whole(flate2::read::DeflateDecoder::new(&*body), largest).map_err(|_| error)
            }),
            "br" => whole(
                brotli_decompressor::Decompressor::new(&*body, 4096),
                largest,
            ),
            "zstd" => ruzstd::decoding::StreamingDecoder::new(&*body)
                .map_err(std::io::Error::other)
                .and_then(|decoder| whole(decoder, largest)),
            other => {
                return Err(format!(
                    "expected gzip, deflate, br or zstd, found the compression `{other}`"
                ));
            }
        }
        .map_err(|error| format!("cannot be decompressed as {coding}: {error}"))?;
    }
    Ok(body)
}

fn whole(reader: impl Read, largest: usize) -> std::io::Result<Vec<u8>> {
    let most = u64::try_from(largest).unwrap_or(u64::MAX).saturating_add(1);
    let mut body = Vec::new();
    reader.take(most).read_to_end(&mut body)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use reqwest::header::{CONTENT_ENCODING, HeaderMap};

    use super::decoded;

    fn under(codings: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for coding in codings {
            headers.append(CONTENT_ENCODING, coding.parse().unwrap());
        }
        headers
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_coding_is_undone_in_the_right_order() {
        let text = b"{\"ready\":true}".as_slice();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(text).unwrap();
        let zlib = zlib.finish().unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(text).unwrap();
        let bare = bare.finish().unwrap();
        // An uncompressed metablock: header, length, the bytes, the empty last block.
        let mut brotli = vec![0x8b, 0x06, 0x80];
        brotli.extend(text);
        brotli.push(0x03);
        // One raw block in a frame of one segment.
        let length = u8::try_from(text.len()).unwrap();
        let mut zstd = vec![
            0x28,
            0xb5,
            0x2f,
            0xfd,
            0x20,
            length,
            (length << 3) | 1,
            0,
            0,
        ];
        zstd.extend(text);
        for (codings, body) in [
            (&["gzip"][..], gzip(text)),
            (&["X-GZip"], gzip(text)),
            (&["deflate"], zlib.clone()),
            (&["deflate"], bare),
            (&["br"], brotli),
            (&["zstd"], zstd),
            (&["deflate, gzip"], gzip(&zlib)),
            (&["deflate", "gzip"], gzip(&zlib)),
            (&["identity"], text.to_vec()),
            (&[], text.to_vec()),
        ] {
            let found = decoded(&under(codings), body, 100).unwrap();
            assert_eq!(found, text, "{codings:?}");
        }
    }

    #[test]
    fn a_bomb_ends_at_the_limit_and_invalid_data_is_reported() {
        let bomb = gzip(&vec![0; 10_000_000]);
        assert_eq!(decoded(&under(&["gzip"]), bomb, 1000).unwrap().len(), 1001);
        assert!(
            decoded(&under(&["gzip"]), Vec::new(), 9)
                .unwrap()
                .is_empty()
        );
        for (coding, start) in [
            ("gzip", "cannot be decompressed as gzip: "),
            ("br", "cannot be decompressed as br: "),
            ("zstd", "cannot be decompressed as zstd: "),
            ("deflate", "cannot be decompressed as deflate: "),
            ("compress", "expected gzip, deflate, br or zstd, found"),
        ] {
            let error = decoded(&under(&[coding]), b"nonsense".to_vec(), 9).unwrap_err();
            assert!(error.starts_with(start), "{error}");
        }
    }
}
