package fault

import "slices"

// Class is what a code means.
type Class struct {
	Status    int    // HTTP status of an answer with this code
	Retryable bool   // the same call may succeed later, unchanged
	Title     string // what happened, in one short sentence
	Remedy    string // what to do about it
}

// Codes that belong to no domain.
const (
	Internal    Code = "internal"             // unclassified: a bug or an unknown answer
	Unavailable Code = "internal.unavailable" // a service we depend on did not answer
	Throttled   Code = "internal.throttled"   // a service we depend on told us to slow down

	InvalidRequest  Code = "request.invalid"        // a field has a wrong value
	MalformedBody   Code = "request.malformed"      // the body is not the JSON we take
	UnknownField    Code = "request.unknown_field"  // a field we do not know
	MissingField    Code = "request.missing_field"  // a required field is absent
	BodyTooLarge    Code = "request.too_large"      // the body is over the limit
	InvalidCursor   Code = "request.invalid_cursor" // not a cursor that we gave
	RouteNotFound   Code = "request.not_found"      // no such path
	MethodNotKnown  Code = "request.method"         // the path exists, the method does not
	MediaType       Code = "request.media_type"     // the body is not application/json
	Unauthenticated Code = "caller.unauthenticated" // no valid key or token
	Forbidden       Code = "caller.forbidden"       // the caller lacks the permission
)

// Source failures, into which every driver classifies its platform's errors.
const (
	SourceAuthentication Code = "source.authentication_failed"
	SourceExpired        Code = "source.credential_expired"
	SourcePermission     Code = "source.permission_denied"
	SourceNotFound       Code = "source.not_found"
	SourceWrongRegion    Code = "source.wrong_region"
	SourceNetwork        Code = "source.network"
	SourceUnavailable    Code = "source.unavailable"
	SourceRateLimited    Code = "source.rate_limited"
	SourceChanged        Code = "source.changed"
	SourceMalformed      Code = "source.malformed"
	SourceSchemaConflict Code = "source.schema_conflict"
	SourceEmpty          Code = "source.empty"
	SourceInvalidConfig  Code = "source.invalid_config"

	SourceUnsupportedType Code = "source.unsupported_type"
	SourceUnsupported     Code = "source.unsupported"
	SourceQuota           Code = "source.quota_exceeded"
	SourceCostLimit       Code = "source.cost_limit"
	SourceReadExpired     Code = "source.read_expired"
	SourceInvalidQuery    Code = "source.invalid_query"
	SourceInvalidFilter   Code = "source.invalid_filter"
)

// Connection, import and run failures.
const (
	ConnectionNotFound  Code = "connection.not_found"
	ConnectionNameTaken Code = "connection.name_taken"
	ConnectionInactive  Code = "connection.not_active"
	CredentialMissing   Code = "connection.credential_missing"
	ConnectionChanged   Code = "connection.changed"
	PlatformUnknown     Code = "catalog.unknown_platform"
	PlatformNotFound    Code = "catalog.not_found"
	SecretMisplaced     Code = "connection.secret_misplaced"
	SchemaNotFound      Code = "schema.not_found"
	TableNotFound       Code = "schema.table_not_found"
	ValidationNotFound  Code = "validation.not_found"
	ValidationNotOpen   Code = "validation.not_open"
	ValidationTimedOut  Code = "validation.timed_out"
	ValidationAborted   Code = "validation.aborted"

	ImportNotFound    Code = "import.not_found"
	ImportNameTaken   Code = "import.name_taken"
	ImportColumn      Code = "import.unknown_column"
	ImportIdentifier  Code = "import.missing_identifier"
	ImportMapping     Code = "import.invalid_mapping"
	ImportRunOpen     Code = "import.run_open"
	ImportChanged     Code = "import.changed"
	RunNotFound       Code = "run.not_found"
	RunNotOpen        Code = "run.not_open"
	RunTimedOut       Code = "run.timed_out"
	RunAborted        Code = "run.aborted"
	RunSchemaGate     Code = "run.schema_changed"
	RunRejects        Code = "run.too_many_rejected"
	RunCursorNull     Code = "run.cursor_missing"
	RunGuard          Code = "run.guard_failed"
	RunDiscarded      Code = "run.discarded"
	RunNotHeld        Code = "run.not_held"
	RunFinal          Code = "run.not_repeatable"
	ImportCursor      Code = "import.invalid_cursor"
	ImportKey         Code = "import.invalid_key"
	ImportGuards      Code = "import.invalid_guards"
	QuarantineEmpty   Code = "quarantine.empty"
	QuarantineSealed  Code = "quarantine.key_destroyed"
	QuarantineUsed    Code = "quarantine.replayed"
	ManifestNotFound  Code = "manifest.not_found"
	AudienceInvalid   Code = "audience.invalid"
	AudienceTooLarge  Code = "audience.too_large"
	LakeTableMissing  Code = "lake.table_not_found"
	LakeConflict      Code = "lake.conflict"
	LakeIncompatible  Code = "lake.incompatible_schema"
	ProfileNotFound   Code = "profile.not_found"
	WorkerInvalidCall Code = "worker.invalid_input"
)

// Lookup returns what a code means.
func Lookup(c Code) (Class, bool) {
	class, ok := classes[c]
	return class, ok
}

// Codes returns every registered code, sorted.
func Codes() []Code {
	codes := make([]Code, 0, len(classes))
	for c := range classes {
		codes = append(codes, c)
	}
	slices.Sort(codes)
	return codes
}

var classes = map[Code]Class{
	Internal:    {500, false, "Something failed inside Headwater.", "Quote the request id to whoever runs this deployment; the log line with it has the whole chain."},
	Unavailable: {503, true, "A service that Headwater depends on did not answer.", "Try again in a minute."},
	Throttled:   {503, true, "A service that Headwater depends on is throttling.", "Try again in a minute."},

	InvalidRequest:  {422, false, "A field has a value that is not allowed.", "Correct the named field."},
	MalformedBody:   {400, false, "The body is not valid JSON.", "Send one JSON object, UTF-8, with nothing after it."},
	UnknownField:    {400, false, "The body has a field that is not known.", "Remove or correct the named field; /openapi.yaml lists the fields."},
	MissingField:    {422, false, "A required field is missing.", "Add the named field."},
	BodyTooLarge:    {413, false, "The body is too large.", "Send at most 1 MiB."},
	InvalidCursor:   {400, false, "The cursor is not one that this list returned.", "Start again without a cursor."},
	RouteNotFound:   {404, false, "There is nothing at this path.", "See /openapi.yaml for the paths."},
	MethodNotKnown:  {405, false, "This path does not take this method.", "See the Allow header."},
	MediaType:       {415, false, "The body is not application/json.", "Send Content-Type: application/json."},
	Unauthenticated: {401, false, "No valid API key or token.", "Send Authorization: Bearer with an API key or a JWT of the configured issuer."},
	Forbidden:       {403, false, "The caller lacks the permission that this operation needs.", "Ask for the permission that the message names."},

	SourceAuthentication: {422, false, "The source does not accept the credential.", "Check the credential and whether it is still enabled at the source."},
	SourceExpired:        {422, false, "The credential has expired or was revoked at the source.", "Issue a new credential."},
	SourcePermission:     {422, false, "The credential lacks a permission at the source.", "Grant the permission that the check's remedy shows."},
	SourceNotFound:       {422, false, "The source object does not exist.", "Check the settings; names are case-sensitive."},
	SourceWrongRegion:    {422, false, "The source is in another region or location.", "Set the region that the message names."},
	SourceNetwork:        {422, false, "The source cannot be reached.", "Check host names, allow-lists and private links."},
	SourceUnavailable:    {503, true, "The source did not answer.", "It is tried again by itself."},
	SourceRateLimited:    {503, true, "The source is limiting the rate or a quota is used up.", "It is tried again by itself; raise the quota if it persists."},
	SourceChanged:        {409, false, "The source changed while it was read.", "Run the import again."},
	SourceMalformed:      {422, false, "A file of the source cannot be read.", "Repair or remove the named file."},
	SourceSchemaConflict: {422, false, "The files of one table have different schemas.", "Move the named file to a directory of its own."},
	SourceEmpty:          {422, false, "The table has nothing to read yet.", "Put a file with content there, and wait for the next daily discovery."},
	SourceInvalidConfig:  {422, false, "The settings or the credential are not valid for this platform.", "Correct the named field."},

	SourceUnsupportedType: {422, false, "A column has a type that cannot be read exactly.", "Leave the column out, or convert it in a view or a query at the source."},
	SourceUnsupported:     {422, false, "The platform cannot do this.", "See the platform's capabilities in the catalog."},
	SourceQuota:           {422, false, "A quota of the source is used up.", "Raise the quota that the message names, or wait until it is reset."},
	SourceCostLimit:       {422, false, "Reading would cost more than the limit.", "Raise the limit, or read fewer columns, partitions or rows."},
	SourceReadExpired:     {409, false, "What the source had prepared for reading has expired.", "The import is run again at once, planned anew. When that expires too, let a run read less: filter, or map fewer columns."},
	SourceInvalidQuery:    {422, false, "The source does not accept the query.", "Correct the query; it must be one SELECT in the platform's own SQL."},
	SourceInvalidFilter:   {422, false, "The row filter does not fit the table.", "Correct the named condition."},

	ConnectionNotFound:  {404, false, "There is no such connection.", "List the connections to find its id."},
	ConnectionNameTaken: {409, false, "Another connection has this name.", "Choose another name."},
	ConnectionInactive:  {409, false, "The connection is not active.", "See the failing check of its last validation."},
	CredentialMissing:   {409, false, "The connection has no stored credential.", "Create the connection again."},
	ConnectionChanged:   {409, false, "The connection was changed by somebody else.", "Read it again and repeat the change."},
	PlatformUnknown:     {422, false, "There is no such platform.", "GET /v1/catalog lists the platforms."},
	PlatformNotFound:    {404, false, "There is no such platform.", "GET /v1/catalog lists the platforms."},
	SecretMisplaced:     {422, false, "A secret stands among the settings.", "Move it to credentials, and rotate it if it may have been logged on its way here."},
	SchemaNotFound:      {404, false, "No schema has been discovered yet.", "Wait until the connection's last validation has passed and its schema is complete."},
	TableNotFound:       {404, false, "The connection has no such table.", "See the connection's schema."},
	ValidationNotFound:  {404, false, "There is no such validation.", "GET the connection to find its last validation."},
	ValidationNotOpen:   {409, false, "The validation has already ended.", "See its report; the next one runs within a day."},
	ValidationTimedOut:  {504, false, "The validation did not finish in time.", "Validate again; if it persists, see whether the source is slow."},
	ValidationAborted:   {409, false, "The validation was aborted.", "Validate again."},

	ImportNotFound:    {404, false, "There is no such import.", "List the imports to find its id."},
	ImportNameTaken:   {409, false, "Another import has this name.", "Choose another name."},
	ImportColumn:      {422, false, "The table has no such column.", "See the connection's schema for the columns."},
	ImportIdentifier:  {422, false, "The mapping does not produce a column that the import type requires.", "Map a source column to the named target."},
	ImportMapping:     {422, false, "The mapping is not valid.", "Correct the named field."},
	ImportRunOpen:     {409, false, "A run of this import is still open.", "Wait until it has ended."},
	ImportChanged:     {409, false, "The import was changed by somebody else, or had a run, at the same time.", "Read it again and repeat the change."},
	RunNotFound:       {404, false, "There is no such run.", "List the import's runs to find its id."},
	RunNotOpen:        {409, false, "The run has already ended.", "Start another run."},
	RunTimedOut:       {504, false, "The run did not finish in time.", "Start another run; if it persists, see the splits that are behind."},
	RunAborted:        {409, false, "The run was aborted.", "Start another run."},
	RunSchemaGate:     {409, false, "The source's schema no longer fits the import.", "Compare the connection's schema with the import's columns."},
	RunRejects:        {409, false, "More rows were rejected than the import allows.", "Read the run's quarantine, correct the mapping or the source, and drive the run again or start another."},
	RunCursorNull:     {409, false, "A row has no cursor, and the import is set to fail then.", "Fill the cursor at the source, or let the import include or exclude such rows."},
	RunGuard:          {409, false, "A guard that is set to fail the run found its limit exceeded.", "See the run's findings; change the limit if the source is right."},
	RunDiscarded:      {409, false, "The held run was discarded.", "Correct the source, and start another run."},
	RunNotHeld:        {409, false, "The run is not held.", "Only a held run can be released or discarded."},
	RunFinal:          {409, false, "The run cannot be driven again.", "Only the import's last run can, if it failed after it was planned and no other run is open. Start another run."},
	ImportCursor:      {422, false, "The cursor does not fit.", "Correct the named field."},
	ImportKey:         {422, false, "The key or the deletion flag does not fit.", "Correct the named field."},
	ImportGuards:      {422, false, "The guards are not valid.", "Correct the named field."},
	QuarantineEmpty:   {409, false, "The run has no quarantined rows that can be replayed.", "Rows that the source's reader refused are read again by another run, once the source is mended."},
	QuarantineSealed:  {410, false, "The key of the run's quarantined values has been destroyed.", "Start another run to read the rows again."},
	QuarantineUsed:    {409, false, "The run's quarantine has been replayed already.", "See the quarantine of the run that replayed it."},
	ManifestNotFound:  {404, false, "The run has no manifest.", "Only a run that succeeded has one."},
	AudienceInvalid:   {422, false, "The audience's expression is not valid.", "Correct the named field."},
	AudienceTooLarge:  {422, false, "The audience touches more data than a preview may read.", "Narrow it: fewer traits, a shorter time."},
	LakeTableMissing:  {404, false, "The import has no table in the lake yet.", "Wait for its first successful run."},
	LakeConflict:      {503, true, "Another writer changed the lake table at the same time.", "It is tried again by itself."},
	LakeIncompatible:  {409, false, "The lake table has columns that the mapping cannot write.", "Give the changed column another target name."},
	ProfileNotFound:   {404, false, "No import has landed this identifier.", "Check the identifier as it stands after mapping."},
	WorkerInvalidCall: {422, false, "A worker was invoked with an input that it does not know.", "See docs/architecture.md for the payloads."},
}
