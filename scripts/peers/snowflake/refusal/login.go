package refusal

// Refusals of a login, all with the SQLSTATE of a rejected connection.

func login(code, format string, args ...any) *Error { return New(code, "08001", format, args...) }

// WrongPassword is also the answer for a user that does not exist.
func WrongPassword() *Error {
	return login("390100", "Incorrect username or password was specified.")
}

// UserDisabled is a user that an administrator switched off.
func UserDisabled() *Error {
	return login("390101", "User access disabled. Contact your local system administrator.")
}

// UserLocked is a user with too many failed logins.
func UserLocked() *Error {
	return login("390102", "Your user account has been temporarily locked due to too many failed attempts. Try again after 15 minutes or contact your account administrator.")
}

// InvalidJWT is any fault of a key pair token; the service gives an id to look
// the particular one up by.
func InvalidJWT(id string) *Error { return login("390144", "JWT token is invalid. [%s]", id) }

// RoleNotGranted is a role that is missing or not granted to the user.
func RoleNotGranted(role string) *Error {
	return login("390189", "Role '%s' specified in the connect string does not exist or not authorized. Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.", role)
}

// ObjectNotAuthorized is a database, schema or warehouse of the login request
// that the role may not use, where the client asked to have them validated.
func ObjectNotAuthorized(kind string) *Error {
	return login("390201", "The requested %s does not exist or not authorized.", kind)
}

// NetworkPolicy is a client address that the user's network policy blocks.
func NetworkPolicy(ip string) *Error {
	return login("390422", "Incoming request with IP/Token %s is not allowed to access Snowflake. Contact your account administrator.", ip)
}

// NetworkPolicyRequired is a programmatic access token of a user that is under
// no network policy at all.
func NetworkPolicyRequired() *Error { return login("390432", "Network policy is required.") }

// InvalidOAuth is an access token that nobody issued.
func InvalidOAuth() *Error { return login("390303", "Invalid OAuth access token. ") }

// ExpiredOAuth is an access token past its time.
func ExpiredOAuth() *Error {
	return login("390318", "OAuth access token expired. ")
}

// InvalidPAT is a programmatic access token that is unknown, disabled or past its time.
func InvalidPAT() *Error { return login("394400", "Programmatic access token is invalid.") }

// InvalidAttestation is a workload identity that cannot be told or is no user's.
// No public report was found of the service's code and text for it.
func InvalidAttestation() *Error {
	return login("394304", "Failed to authenticate: workload identity attestation is invalid.")
}

// UnsupportedAuthenticator is a way to log in that the account does not take.
func UnsupportedAuthenticator() *Error {
	return login("390139", "The specified authenticator is not accepted by your Snowflake account configuration.  Please contact your local system administrator to get the correct URL to use.")
}

// SessionExpired asks the client to renew its session token.
func SessionExpired() *Error {
	return login("390112", "Your session has expired. Please login again.")
}

// SessionGone is a token of a session that was closed.
func SessionGone() *Error {
	return login("390111", "Session no longer exists.  New login required to access the service.")
}

// MasterExpired is a renewal whose master token has itself expired.
func MasterExpired() *Error {
	return login("390114", "Authentication token has expired.  The user must authenticate again.")
}

// InvalidToken is a request without a token that any session has.
func InvalidToken() *Error { return login("390104", "Session token not found or invalid data") }
