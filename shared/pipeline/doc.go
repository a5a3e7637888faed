// Package pipeline turns the batches of a source into the columns of the lake:
// leave rows out, select and rename, cast, transform, require. It works a column at a time and
// allocates per batch, not per value; a column that needs no change is passed on
// without a copy.
//
// # Casts
//
// A null stays null. A value that a rule below does not cover rejects its row,
// with rule "cast". Text is taken as it stands: white space around it is not
// skipped (cast, then transform, is the order; trim is for text columns).
//
//	text → int64       optional sign, decimal digits, in range
//	text → float64     decimal or exponent notation, finite, in range; no NaN, infinity, hexadecimal
//	text → decimal     as float64, but exact: at most 29 digits before and 9 after the point
//	text → bool        true, false in any case; 1, 0
//	text → date        YYYY-MM-DD
//	text → timestamp   RFC 3339, or YYYY-MM-DD hh:mm:ss[.f] which is UTC unless an offset follows; finer than µs is cut off
//	text → time        hh:mm:ss[.f]; finer than µs is cut off
//	text → json        one JSON value (RFC 8259)
//	int64 → float64    exact only
//	int64 → decimal    always
//	int64 → bool       0 and 1
//	float64 → int64    integral and in range
//	float64 → decimal  its shortest notation, by the rule of text; so 0.1 is 0.1
//	decimal → int64    integral and in range
//	decimal → float64  the nearest
//	decimal → decimal  exact, in range of decimal(38, 9)
//	date → timestamp   midnight UTC, in range
//	timestamp → date   the day in UTC
//	json → text        the JSON text as it is
//	json → int64, float64, decimal, bool
//	                   a JSON number or boolean, by the rule of its text
//
// Everything but bytes has one canonical text: int64 in digits; float64 in its
// shortest notation, with an exponent below 1e-6 and from 1e21, negative zero as 0,
// NaN, Infinity, -Infinity; decimal without trailing zeros; true, false; dates,
// times and timestamps as above, in UTC with Z and without trailing zeros.
//
// A part of a JSON text, which a path leads to, is cast as text: a string's
// characters, anything else as it stands; a part that is missing or null is null.
// docs/mapping.md says all of this for people, and shows each cast with examples.
//
// # Links
//
// A link of an identity graph has the lesser identifier first, by type and then by
// text, in the order of their bytes; no type is the empty one. The types change places
// with the identifiers. A link of an identifier with itself is rejected, with rule "self_link".
//
// # Filters and totals
//
// Every row that comes in is in Result.Record, once in Result.Rejects, or counted in
// Result.Filtered, so that rows read = landed + quarantined + filtered. A filter is
// asked first: what it leaves out is not mapped, cannot be rejected, and is not in
// Mapper.Cursor, as if the source had left it out. Mapper.Windows counts it, as
// what a plan without that filter makes the source count.
//
// # Rejects
//
// A row is rejected by the first column of the mapping that rejects it. Rule
// "required" rejects a null in a required column, and, in the columns that the
// import type itself requires, the empty text. Rules "email" and "e164" reject what
// those transforms refuse. Reasons never hold a value; Rejected.Value does.
//
// # Fingerprints
//
// The fingerprint of a row is of what the source has, whatever a mapping makes of it: so a row is found again by it after the
// mapping has changed. It is the first 16 bytes, as 32 lower-case hex digits, of the SHA-256 of the byte 1, followed by the row's values in
// the columns of WithFingerprint, in their order. A null is the byte 0. Any other value is the byte 1, a length in 4 bytes, little-endian, and as
// many bytes: of bytes themselves, of JSON its text as it stands, of anything else its canonical text. So a column that becomes another type of
// the same canonical texts, such as a decimal of more places, keeps the fingerprints as they are.
package pipeline
