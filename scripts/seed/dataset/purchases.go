package dataset

import (
	"strconv"
	"time"
)

func purchases() table {
	return table{
		name: Purchases, place: 2, fill: fillPurchase, partition: "dt",
		columns: []Column{
			{"user_id", String},
			{"event_time", Timestamp},
			{"event_name", String},
			{"order_id", String},
			{"sku", String},
			{"quantity", Int},
			{"amount_cents", Int},
			{"currency", String},
			{"channel", String},
			{"payment_method", String},
			{"coupon", String},
			{"gift", Bool},
		},
		identifiers: []int{0},
		broken:      6,
		garbage:     "12.9.9",
	}
}

// product is an article and its price in US cents.
type product struct {
	sku   string
	cents int64
}

func catalog() [20]product {
	return [...]product{
		{"TEA-GREEN-100", 690},
		{"TEA-ROOIBOS-250", 1190},
		{"COF-YIRGA-500", 1650},
		{"COF-DECAF-250", 980},
		{"MUG-CLAY-BLUE", 1400},
		{"MUG-CLAY-SAND", 1400},
		{"POT-CAST-08L", 5900},
		{"KET-GOOSE-1L", 7400},
		{"FIL-PAPER-100", 450},
		{"GRI-HAND-ST", 8900},
		{"GRI-ELEC-PRO", 24900},
		{"SCA-DIGI-2KG", 3200},
		{"HON-ACACIA-350", 1290},
		{"CHO-DARK-85", 520},
		{"CHO-MILK-BOX", 2350},
		{"BAG-LINEN-M", 1800},
		{"BOX-TASTER", 3900},
		{"SUB-MONTH", 2900},
		{"SUB-YEAR", 29900},
		{"GIFT-CARD-50", 5000},
	}
}

// fillPurchase makes the n-th event. The events of a day run through it in order, give or take half a minute, and a few
// customers buy much.
func fillPurchase(w *world, n int64, fate Mess, s span, r *row) Mess {
	d := w.dice
	d.about(ofRow+2, n)
	who, _ := w.original(&w.profiles, d.skewed(w.customers), 0)
	home := w.householdOf(who).country
	d.about(ofPurchase, n)

	if fate == NullIdentifier {
		r.null()
	} else {
		start := len(r.text)
		r.text = w.appendUserID(r.text, who)
		r.since(start)
	}
	const day = 24 * 60 * 60 * 1000
	at := min((n-s.first)*day/(s.end-s.first)+d.Int64N(30_000), day-1)
	r.time(firstDay().AddDate(0, 0, s.day).Add(time.Duration(at) * time.Millisecond))

	article := catalog()[d.IntN(20)]
	quantity := 1 + d.skewed(5)
	event := "order_completed"
	sign := int64(1)
	switch u := d.IntN(100); {
	case u < 4:
		event, sign = "order_refunded", -1
	case u < 12:
		event, article, quantity = "subscription_renewed", catalog()[17+d.IntN(2)], 1
	}
	made := Mess("")
	if fate == Untidy {
		made = Untidy
		start := len(r.text)
		r.text = appendUntidy(r.text, []byte(event), d)
		r.since(start)
	} else {
		r.str(event)
	}
	start := len(r.text)
	r.text = strconv.AppendInt(append(r.text, "ORD-"...), 100_000_000+n, 10)
	r.since(start)
	r.str(article.sku)
	r.num(quantity)
	r.num(sign * article.cents * quantity * home.rate / 100)
	r.str(home.currency)
	r.str([...]string{"web", "web", "ios", "android", "store"}[d.IntN(5)])
	r.str([...]string{"card", "card", "card", "wallet", "bank_transfer", "cash_on_delivery"}[d.IntN(6)])
	if d.chance(8500) {
		r.null()
	} else {
		r.str([...]string{"WELCOME10", "HARVEST", "FRIEND-5", "FREESHIP"}[d.IntN(4)])
	}
	r.flag(d.chance(700))
	return made
}
