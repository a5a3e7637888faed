package ingest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/schema"
)

// Invalid is what becomes of a value that a normalising transform refuses.
type Invalid string

// What becomes of it; Quarantine is meant when nothing is said.
const (
	Quarantine Invalid = "quarantine" // its row goes there, under the transform's name
	Null       Invalid = "null"       // it becomes null
)

// regions are the ISO 3166-1 codes whose national numbers E164 can read.
const regions = "AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ " +
	"CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR " +
	"GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP " +
	"KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ " +
	"NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW " +
	"SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT TV TW TZ " +
	"UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"

// Regions are the regions that a column may name, sorted.
func Regions() []string { return strings.Fields(regions) }

// normalises reports whether a transform takes only some texts.
func (t Transform) normalises() bool { return t == Email || t == E164 }

func (c *Column) resolveTransforms(field string, problems *fault.List) {
	hashed := false
	for i, transform := range c.Transforms {
		at := fmt.Sprintf("%s.transforms[%d]", field, i)
		switch {
		case !slices.Contains(Transforms(), transform):
			problems.Add(fault.ImportMapping, at, "must be one of: trim, lower, email, e164, sha256, hmac_sha256")
		case c.Type != schema.String:
			problems.Add(fault.ImportMapping, at, "only a string column can be transformed")
		case hashed && transform.normalises():
			problems.Add(fault.ImportMapping, at, "comes after a hash, which it would refuse")
		}
		hashed = hashed || transform == SHA256 || transform == HMACSHA256
	}
	c.resolveInvalid(field, problems)
}

func (c *Column) resolveInvalid(field string, problems *fault.List) {
	switch {
	case c.OnInvalid == "":
	case c.OnInvalid != Quarantine && c.OnInvalid != Null:
		problems.Add(fault.ImportMapping, field+".on_invalid", "must be one of: quarantine, null")
	case !slices.ContainsFunc(c.Transforms, Transform.normalises):
		problems.Add(fault.ImportMapping, field+".on_invalid", "goes with the transforms email and e164")
	}
	switch {
	case c.Region == "":
	case !slices.Contains(Regions(), c.Region):
		problems.Add(fault.ImportMapping, field+".region", "must be the two capital letters of a country, as DE")
	case !slices.Contains(c.Transforms, E164):
		problems.Add(fault.ImportMapping, field+".region", "goes with the transform e164")
	}
}
