package ingest

// Guards are what a run must pass before its rows are committed. The zero value has the defaults.
type Guards struct {
	MaximumRejectedRows  *int64   `json:"maximum_rejected_rows,omitempty"`  // more rows in quarantine fail the run; nil: no limit
	MaximumRejectedShare *float64 `json:"maximum_rejected_share,omitempty"` // of the rows read, from 0 to 1; nil: DefaultRejectedShare

	Volume             Guard `json:"volume,omitzero"`              // distance of rows read from the median of the last runs, in spreads
	Deletes            Guard `json:"deletes,omitzero"`             // share of the rows written that delete a key
	MissingIdentifiers Guard `json:"missing_identifiers,omitzero"` // share of the rows read that lack the identifier
	Hubs               Guard `json:"hubs,omitzero"`                // share of the links that HubLinks sends to quarantine

	HubLinks  int      `json:"hub_links,omitempty"`  // links of an identifier beyond which all of its rows go to quarantine; 0: DefaultHubLinks
	HoldHours int      `json:"hold_hours,omitempty"` // how long a held run waits for a person; 0: DefaultHoldHours
	OnExpiry  OnExpiry `json:"on_expiry,omitempty"`  // "" is Discard
}

// Guard is one of them: what may be at most, and what happens beyond it.
type Guard struct {
	Limit  *float64 `json:"limit,omitempty"`  // nil: the guard's default
	Action Action   `json:"action,omitempty"` // "" is Hold
}

// Action is what a guard does.
type Action string

// What a guard does to a run that is beyond its limit.
const (
	Hold   Action = "hold"   // the run waits for a person, with its rows
	Fail   Action = "fail"   // the run fails
	Ignore Action = "ignore" // the run goes on, and says so
)

// OnExpiry is what becomes of a held run that nobody decided on.
type OnExpiry string

// What becomes of it.
const (
	Discard OnExpiry = "discard"
	Release OnExpiry = "release"
)

// What guards allow when nothing else is asked for.
const (
	DefaultRejectedShare = 0.5
	DefaultVolumeSpreads = 6.0
	DefaultDeletedShare  = 0.3
	DefaultNamelessShare = 0.2
	DefaultHubShare      = 0.05
	DefaultHubLinks      = 1000
	DefaultHoldHours     = 7 * 24
)

// Finding is a guard that is beyond its limit.
type Finding struct {
	Guard    string  `json:"guard"` // volume, deletes, missing_identifiers, hubs, completeness
	Limit    float64 `json:"limit"`
	Observed float64 `json:"observed"`
	Action   Action  `json:"action"`
	Message  string  `json:"message"` // for people
}
