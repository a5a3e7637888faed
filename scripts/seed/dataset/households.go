package dataset

import (
	"strconv"
	"time"
)

func households() table {
	return table{
		name: Households, place: 4, fill: fillHousehold,
		columns: []Column{
			{"user_id", String},
			{"household_id", String},
			{"joined_at", Timestamp},
			{"is_deleted", Bool},
		},
		identifiers: []int{0, 1},
		broken:      3,
		garbage:     "maybe",
	}
}

// fillHousehold makes the n-th membership: that of customer n, one in twenty-five given up.
func fillHousehold(w *world, n int64, fate Mess, _ span, r *row) Mess {
	who, _ := w.original(&w.profiles, n%w.customers, 0)
	home := w.householdOf(who)
	w.dice.about(ofRow+4, n)

	made := Mess("")
	start := len(r.text)
	r.text = w.appendUserID(r.text, who)
	if fate == Untidy {
		made = Untidy
		clean := r.text[start:]
		start = len(r.text)
		r.text = appendUntidy(r.text, clean, w.dice)
	}
	r.since(start)
	if fate == NullIdentifier {
		r.null()
	} else {
		start = len(r.text)
		r.text = strconv.AppendInt(append(r.text, "hh_"...), 100_000_000+home.number, 10)
		r.since(start)
	}
	r.time(firstDay().Add(-time.Duration(w.dice.IntN(5*365*24*60*60)) * time.Second))
	r.flag(w.dice.chance(400))
	return made
}
