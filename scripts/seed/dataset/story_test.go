package dataset_test

import (
	"encoding/csv"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/headwaterhq/headwater/scripts/seed/dataset"
)

// story is one data set, its tables read back.
type story struct {
	manifest dataset.Manifest
	rows     map[string][]record
}

func tell(t *testing.T, opts dataset.Options) story {
	t.Helper()
	sink, manifest := write(t, opts)
	s := story{manifest: manifest, rows: map[string][]record{}}
	for _, table := range manifest.Tables {
		s.rows[table.Name] = rowsOf(t, sink, manifest, table)
	}
	return s
}

// each calls f with every row of a table as a map from column to value.
func (s story) each(t *testing.T, name string, f func(map[string]string)) {
	t.Helper()
	table, ok := s.manifest.Table(name)
	if !ok {
		t.Fatalf("no table %s", name)
	}
	for _, r := range s.rows[name] {
		values := map[string]string{}
		for n, column := range table.Columns {
			values[column.Name] = r[n]
		}
		f(values)
	}
}

func tidy(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func TestProfilesHaveTheColumnsThatBenchmarksCountOn(t *testing.T) {
	_, manifest := write(t, dataset.Options{Rows: 1, Tables: []string{dataset.Profiles}})
	profiles, _ := manifest.Table(dataset.Profiles)
	got := map[dataset.Type]int{}
	for _, column := range profiles.Columns {
		got[column.Type]++
	}
	want := map[dataset.Type]int{
		dataset.String: 8, dataset.Int: 4, dataset.Float: 3, dataset.Bool: 2, dataset.Timestamp: 2, dataset.Date: 1,
	}
	for typ, n := range want {
		if got[typ] != n {
			t.Errorf("%d columns of type %s, want %d", got[typ], typ, n)
		}
	}
	if len(profiles.Columns) != 20 || profiles.Columns[0].Name != "user_id" || profiles.Columns[1].Name != "email" {
		t.Errorf("columns are %v, want twenty from user_id and email on", profiles.Columns)
	}
}

func TestTablesTellOneStory(t *testing.T) {
	s := tell(t, dataset.Options{Seed: 11, Rows: 6_000, Days: 3, Files: 2})
	users, emails, addressed := map[string]bool{}, map[string]bool{}, map[string]string{}
	nameless := 0 // profiles that lost their identifier: their customers still act in the other tables
	s.each(t, dataset.Profiles, func(p map[string]string) {
		users[p["user_id"]] = true
		if p["user_id"] == null {
			nameless++
		}
		if address.MatchString(tidy(p["email"])) {
			emails[tidy(p["email"])] = true
			if before, ok := addressed[tidy(p["email"])]; ok && before != p["user_id"] {
				t.Errorf("two customers share an e-mail address")
			}
			addressed[tidy(p["email"])] = p["user_id"]
		}
	})
	strangers := map[string]bool{}
	known := func(user string) {
		if user != null && !users[tidy(user)] {
			strangers[tidy(user)] = true
		}
	}
	buyers := map[string]int{}
	s.each(t, dataset.Purchases, func(p map[string]string) {
		known(p["user_id"])
		buyers[p["user_id"]]++
		amount, err := strconv.ParseInt(p["amount_cents"], 10, 64)
		if err != nil || amount == 0 || amount < 0 != (tidy(p["event_name"]) == "order_refunded") {
			t.Errorf("%s of %s", p["event_name"], p["amount_cents"])
		}
	})
	s.each(t, dataset.Households, func(h map[string]string) { known(h["user_id"]) })
	if len(strangers) > nameless {
		t.Errorf("%d customers have no profile, want at most the %d whose profile lost its identifier", len(strangers), nameless)
	}
	if len(buyers) < 2_000 || len(buyers) > 5_000 {
		t.Errorf("6000 purchases by %d customers, want some of them to buy often", len(buyers))
	}

	linked, unknown := map[string]bool{}, 0
	shapes := map[string]*regexp.Regexp{
		"email":  address,
		"cookie": regexp.MustCompile(`^ck\.[0-9a-f]{24}$`),
		"device": regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`),
		"phone":  regexp.MustCompile(`^\+[1-9][0-9]{7,14}$`),
	}
	misshapen := int64(0)
	s.each(t, dataset.IdentityPairs, func(p map[string]string) {
		linked[p["first_id_type"]+" "+p["second_id_type"]] = true
		for _, side := range []string{"first_id", "second_id"} {
			if id := p[side]; id != null && !shapes[p[side+"_type"]].MatchString(tidy(id)) {
				misshapen++
			} else if p[side+"_type"] == "email" && !emails[tidy(id)] {
				unknown++
			}
		}
	})
	for _, kind := range []string{"email cookie", "cookie device", "email phone"} {
		if !linked[kind] {
			t.Errorf("no pair of %s", kind)
		}
	}
	pairs, _ := s.manifest.Table(dataset.IdentityPairs)
	if misshapen != pairs.Mess[dataset.BadEmail] {
		t.Errorf("%d identifiers do not look like their type, want the %d bad e-mails", misshapen, pairs.Mess[dataset.BadEmail])
	}
	// One profile in twenty shows no usable address, while its customer has one.
	if unknown > 4_000/10 {
		t.Errorf("%d e-mail addresses of identity pairs are in no profile", unknown)
	}
}

func TestProfilesAreConsistentInThemselves(t *testing.T) {
	s := tell(t, dataset.Options{Seed: 12, Rows: 5_000, Tables: []string{dataset.Profiles}})
	today := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	countries, cities := map[string]int{}, map[string]int{}
	s.each(t, dataset.Profiles, func(p map[string]string) {
		countries[p["country"]]++
		cities[p["city"]]++
		if p["created_at"] > p["updated_at"] || p["updated_at"] >= today.Format(time.RFC3339) {
			t.Errorf("created %s, updated %s", p["created_at"], p["updated_at"])
		}
		if (p["age"] == null) != (p["birth_date"] == null) || (p["lat"] == null) != (p["city"] == null) {
			t.Errorf("half an answer: age %q, birth date %q, city %q, latitude %q", p["age"], p["birth_date"], p["city"], p["lat"])
		}
		if p["age"] == null {
			return
		}
		age, _ := strconv.Atoi(p["age"])
		birth, _ := time.Parse(time.DateOnly, p["birth_date"])
		if birthday := birth.AddDate(age, 0, 0); age < 18 || birthday.After(today) || !birth.AddDate(age+1, 0, 0).After(today) {
			t.Errorf("born %s and %d years old on %s", p["birth_date"], age, today.Format(time.DateOnly))
		}
	})
	if len(countries) < 10 || len(cities) < 30 {
		t.Errorf("%d countries and %d cities, want variety", len(countries), len(cities))
	}
}

func TestPurchasesStayInTheirDay(t *testing.T) {
	sink, manifest := write(t, dataset.Options{Rows: 5_000, Days: 3, Files: 2, Tables: []string{dataset.Purchases}})
	table, _ := manifest.Table(dataset.Purchases)
	for _, f := range table.Files {
		day := strings.TrimPrefix(strings.Split(f.Name, "/")[1], "dt=")
		for _, r := range readBack(t, manifest.Format, manifest.Compression, table, fileOf(t, sink, f.Name)).records {
			if at := r[1]; !strings.HasPrefix(at, day+"T") {
				t.Errorf("%s holds an event of %s", f.Name, at)
			}
		}
	}
}

func TestBrokenLinesAreInTheLastTenth(t *testing.T) {
	sink, manifest := write(t, dataset.Options{Rows: 3_000, Tables: []string{dataset.Profiles}})
	table, _ := manifest.Table(dataset.Profiles)
	in := csv.NewReader(strings.NewReader(string(fileOf(t, sink, table.Files[0].Name))))
	in.FieldsPerRecord = -1
	all, err := in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	ltv := index(table, "ltv_cents")
	broken := 0
	for n, fields := range all[1:] {
		ok := len(fields) == len(table.Columns)
		if ok {
			_, err := strconv.Atoi(fields[ltv])
			ok = err == nil
		}
		if !ok {
			broken++
			if n < 2_700 {
				t.Errorf("row %d is broken, want none before the last tenth", n)
			}
		}
	}
	if broken != 2 {
		t.Errorf("%d broken lines, want one of each kind", broken)
	}
}

func TestSamplesAreIdentifiersThatCanBeLookedUp(t *testing.T) {
	s := tell(t, dataset.Options{Rows: 2_000, Files: 2})
	for _, table := range s.manifest.Tables {
		for _, f := range table.Files {
			if f.Sample == "" || f.Sample != tidy(f.Sample) {
				t.Errorf("%s: sample %q is not a clean identifier", f.Name, f.Sample)
			}
		}
	}
}

func TestAddressesSpellTheWholeName(t *testing.T) {
	s := tell(t, dataset.Options{Rows: 5_000, Tables: []string{dataset.Profiles}, Clean: true})
	letters := func(name string) int { return utf8.RuneCountInString(strings.ReplaceAll(name, "'", "")) }
	s.each(t, dataset.Profiles, func(p map[string]string) {
		if p["email"] == null {
			return
		}
		local, _, _ := strings.Cut(p["email"], "@")
		local = strings.TrimRight(local, "0123456789")
		longest := 0
		for part := range strings.FieldsFuncSeq(local, func(r rune) bool { return r == '.' || r == '_' }) {
			longest = max(longest, len(part))
		}
		if !address.MatchString(p["email"]) || longest < min(letters(p["first_name"]), letters(p["last_name"])) {
			t.Errorf("%s %s has the address %s", p["first_name"], p["last_name"], p["email"])
		}
	})
}
