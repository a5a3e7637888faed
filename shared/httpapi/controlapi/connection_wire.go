package controlapi

import (
	"cmp"

	"github.com/headwaterhq/headwater/shared/connection"
	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

func wireConnection(c connection.Connection) Connection {
	settings := c.Settings
	if settings == nil {
		settings = map[string]any{}
	}
	return Connection{
		ID: c.ID, Name: c.Name, Platform: c.Platform, Settings: settings, AuthMethod: c.AuthMethod, Identity: c.Identity,
		Status:        ConnectionStatus(c.Status),
		StatusChange:  StatusChange{Reason: c.StatusChange.Reason, Actor: c.StatusChange.Actor, At: c.StatusChange.At},
		SchemaVersion: c.SchemaVersion, SchemaRefreshedAt: c.SchemaRefreshed,
		CreatedAt: c.CreatedAt, CreatedBy: c.CreatedBy,
	}
}

func wireValidation(v connection.Validation) Validation {
	return Validation{
		ID: v.ID, Trigger: ValidationTrigger(v.Trigger), Outcome: ValidationOutcome(v.Outcome),
		Checks: each(v.Checks, wireCheck), TablesDiscovered: int32(v.Discovery.Tables), SchemaComplete: v.Discovery.Done(),
		Error:     wireFailure(cmp.Or(v.ErrorCode, v.Discovery.ErrorCode), cmp.Or(v.ErrorMessage, v.Discovery.ErrorMessage)),
		StartedAt: v.StartedAt, EndedAt: v.EndedAt,
	}
}

func wireCheck(r source.CheckResult) Check {
	c := Check{
		Name: r.Name, Title: r.Title, Mandatory: r.Mandatory, Outcome: CheckOutcome(r.Outcome),
		Code: r.Code, Detail: r.Detail, ProviderError: r.Provider, DurationMs: r.Millis,
	}
	if r.Remedy != nil {
		c.Remedy = Remedy{Text: r.Remedy.Text, Snippet: r.Remedy.Snippet}
	}
	return c
}

// wireFailure is zero, and so absent, without a code.
func wireFailure(code, message string) Failure {
	if code == "" {
		return Failure{}
	}
	class, _ := fault.Lookup(fault.Code(code))
	return Failure{Code: code, Message: message, Remedy: class.Remedy}
}

// each converts a slice; the result is never nil, so that it is [] and not null.
func each[From, To any](from []From, convert func(From) To) []To {
	to := make([]To, len(from))
	for i, f := range from {
		to[i] = convert(f)
	}
	return to
}
