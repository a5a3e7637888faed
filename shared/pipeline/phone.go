package pipeline

import "github.com/nyaruka/phonenumbers"

// noRegion has no national numbers: only international ones are read.
const noRegion = "ZZ"

// e164 writes a phone number as + and digits: one of the region, or one with its
// country's calling code, read by libphonenumber's rules. It must be in a range
// that is assigned. One with an extension is refused: without it the number
// would be somebody else's.
func e164(s, region string) (string, bool) {
	number, err := phonenumbers.Parse(s, region)
	if err != nil || number.GetExtension() != "" || !phonenumbers.IsValidNumber(number) {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}
