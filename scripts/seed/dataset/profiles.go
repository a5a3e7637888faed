package dataset

import "time"

func profiles() table {
	return table{
		name: Profiles, place: 1, fill: fillProfile, hasEmail: true,
		columns: []Column{
			{"user_id", String},
			{"email", String},
			{"first_name", String},
			{"last_name", String},
			{"city", String},
			{"country", String},
			{"plan", String},
			{"company", String},
			{"age", Int},
			{"sessions", Int},
			{"ltv_cents", Int},
			{"points", Int},
			{"lat", Float},
			{"lon", Float},
			{"churn_score", Float},
			{"opt_in", Bool},
			{"verified", Bool},
			{"created_at", Timestamp},
			{"updated_at", Timestamp},
			{"birth_date", Date},
		},
		identifiers: []int{0},
		broken:      10,
		garbage:     "1O24",
	}
}

// fillProfile makes the profile of customer n.
func fillProfile(w *world, n int64, fate Mess, _ span, r *row) Mess {
	c := w.customer(n)
	d := w.dice
	d.about(ofRow+1, n)

	if fate == NullIdentifier {
		r.null()
	} else {
		start := len(r.text)
		r.text = w.appendUserID(r.text, n)
		r.since(start)
	}
	w.email(r, c, fate)
	r.str(c.first.shown)
	r.str(c.last.shown)
	moving := d.chance(200) // between two homes: no city, no position
	if moving {
		r.null()
	} else {
		r.str(c.city.name)
	}
	r.str(c.country.country)
	tier := planOf(d)
	r.str([...]string{"free", "basic", "plus", "premium"}[tier])
	if d.chance(2500) {
		r.null()
	} else {
		r.str(pick(d, c.country.companies))
	}

	const year = 365
	birth := firstDay().AddDate(0, 0, -(18*year + 5 + int(d.skewed(65*year))))
	shy := d.chance(600) // gave no birth date
	if shy {
		r.null()
	} else {
		age := firstDay().Year() - birth.Year()
		if birth.YearDay() > 1 {
			age--
		}
		r.num(int64(age))
	}
	sessions := d.skewed(400)
	r.num(sessions)
	r.num(sessions * d.Int64N(250*int64(tier)+20))
	r.num(d.skewed(20_000))

	if moving {
		r.null()
		r.null()
	} else {
		r.real(float64(c.city.lat+d.Int64N(30_001)-15_000) / 1e5)
		r.real(float64(c.city.lon+d.Int64N(30_001)-15_000) / 1e5)
	}
	const day = 24 * 60 * 60
	tenure := 1 + d.skewed(7*year*day)
	if tenure < 14*day {
		r.null() // too new to score
	} else {
		r.real(float64(1+d.IntN(9_998)) / 1e4)
	}
	r.flag(d.chance(6200))
	r.flag(d.chance(8000))
	created := firstDay().Add(-time.Duration(tenure) * time.Second)
	r.time(created)
	r.time(created.Add(time.Duration(d.Int64N(tenure)) * time.Second))
	if shy {
		r.null()
	} else {
		r.num(birth.Unix() / day)
	}
	if fate == BadEmail || fate == Untidy {
		return fate
	}
	return ""
}

// email appends the customer's address as fate has it, in one row of twenty-five a null.
func (w *world) email(r *row, c customer, fate Mess) {
	unknown := w.dice.chance(400)
	start := len(r.text)
	switch {
	case fate == BadEmail:
		r.text = appendBadEmail(r.text, c, w.dice)
	case fate == Untidy:
		r.text = c.appendEmail(r.text)
		clean := r.text[start:]
		start = len(r.text)
		r.text = appendUntidy(r.text, clean, w.dice)
	case unknown:
		r.null()
		return
	default:
		r.text = c.appendEmail(r.text)
	}
	r.since(start)
}

// planOf throws a plan from 0, the free one, to 3.
func planOf(d *dice) int {
	switch u := d.IntN(100); {
	case u < 58:
		return 0
	case u < 80:
		return 1
	case u < 94:
		return 2
	}
	return 3
}
