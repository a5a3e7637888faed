package pipeline

// two parses two decimal digits at s[i:], -1 when they are not.
func two(s string, i int) int {
	a, b := s[i]-'0', s[i+1]-'0'
	if a > 9 || b > 9 {
		return -1
	}
	return int(a)*10 + int(b)
}

// parseDate parses YYYY-MM-DD to days since 1970-01-01.
func parseDate(s string) (int32, bool) {
	if len(s) != len("2006-01-02") {
		return 0, false
	}
	return civil(s)
}

// civil parses the date that s begins with; s has 10 bytes at least.
func civil(s string) (int32, bool) {
	century, year, month, day := two(s, 0), two(s, 2), two(s, 5), two(s, 8)
	if century < 0 || year < 0 || month < 1 || month > 12 || day < 1 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	year += century * 100
	return daysSince1970(year, month, day), year > 0 && day <= daysIn(year, month)
}

// daysIn is how many days a month has.
func daysIn(year, month int) int {
	switch {
	case month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0):
		return 29
	case month == 2:
		return 28
	case month == 4, month == 6, month == 9, month == 11:
		return 30
	}
	return 31
}

// daysSince1970 counts the days of the Gregorian calendar from 1970-01-01, in years
// that begin in March, so that the day of a leap year comes last.
func daysSince1970(year, month, day int) int32 {
	const toMarch, era = 719468, 400*365 + 97
	if month -= 3; month < 0 {
		year, month = year-1, month+12
	}
	inEra := year % 400 // years are not negative
	return int32(year/400*era + inEra*365 + inEra/4 - inEra/100 + (153*month+2)/5 + day - 1 - toMarch)
}

// parseTime parses hh:mm:ss[.f] to microseconds since midnight.
func parseTime(s string) (int64, bool) {
	micros, rest, ok := clock(s)
	return micros, ok && rest == ""
}

// clock parses the time of day that s begins with, and returns what follows.
func clock(s string) (micros int64, rest string, ok bool) {
	if len(s) < len("15:04:05") || s[2] != ':' || s[5] != ':' {
		return 0, "", false
	}
	hour, minute, second := two(s, 0), two(s, 3), two(s, 6)
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, "", false
	}
	fraction, rest, ok := fraction(s[8:])
	return int64(hour*3600+minute*60+second)*1_000_000 + fraction, rest, ok
}

// fraction parses nothing or .digits to whole microseconds.
func fraction(s string) (micros int64, rest string, ok bool) {
	if s == "" || s[0] != '.' {
		return 0, s, true
	}
	i := 1
	for unit := int64(100_000); i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		micros += int64(s[i]-'0') * unit
		unit /= 10
	}
	return micros, s[i:], i > 1
}

// parseTimestamp parses RFC 3339, or the same with a space, where the offset
// may be left out, to microseconds since 1970-01-01 UTC.
func parseTimestamp(s string) (int64, bool) {
	if len(s) < len("2006-01-02 15:04:05") {
		return 0, false
	}
	date, ok := civil(s)
	if !ok {
		return 0, false
	}
	micros, rest, ok := clock(s[11:])
	if !ok {
		return 0, false
	}
	switch s[10] {
	case 'T', 't':
		if rest == "" {
			return 0, false
		}
	case ' ':
	default:
		return 0, false
	}
	offset, ok := offset(rest)
	return int64(date)*microsPerDay + micros - offset, ok
}

// offset parses nothing, Z or ±hh:mm to microseconds.
func offset(s string) (int64, bool) {
	switch {
	case s == "", s == "Z", s == "z":
		return 0, true
	case len(s) != len("+00:00") || s[3] != ':' || s[0] != '+' && s[0] != '-':
		return 0, false
	}
	hour, minute := two(s, 1), two(s, 4)
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, false
	}
	micros := int64(hour*60+minute) * 60 * 1_000_000
	if s[0] == '-' {
		micros = -micros
	}
	return micros, true
}
