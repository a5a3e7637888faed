package catalog

import "github.com/headwaterhq/headwater/shared/source"

// Patterns of names as Snowflake's SQL reads them: plain, or in double quotes.
const (
	snowflakePart  = `([A-Za-z_][A-Za-z0-9_$]*|"([^"\x00]|"")+")`
	snowflakePath  = snowflakePart + `(\s*\.\s*` + snowflakePart + `)?`
	snowflakeNames = `\s*` + snowflakePart + `(\s*,\s*` + snowflakePart + `)*\s*`
	snowflakePaths = `\s*` + snowflakePath + `(\s*,\s*` + snowflakePath + `)*\s*`
)

// SnowflakeWorkload is the auth method that proves an AWS role.
const SnowflakeWorkload = "workload_identity"

// Snowflake is Snowflake, in every cloud and region.
func Snowflake() source.Spec {
	return source.Spec{
		Platform: "snowflake",
		Title:    "Snowflake",
		Description: "Imports tables, views and the results of queries from Snowflake on AWS, Azure or Google Cloud. " +
			"Names of databases, schemas, the role and the warehouse are read as Snowflake's SQL does: a plain name is in upper case, a name in double quotes is taken as it is.",
		Category: "data_warehouse", Keywords: []string{"snow", "snowflake", "sql", "warehouse"},
		Availability: source.Available,
		Capabilities: []source.Capability{
			source.RowFilter, source.Queries, source.Views, source.SnapshotReads,
			source.NestedColumns, source.CostEstimate, source.Grants,
		},
		Settings: snowflakeSettings(),
		Auth: []source.AuthMethod{
			snowflakeKeyPair(), snowflakeOAuth(), snowflakeToken(), snowflakeWorkload(), snowflakePassword(),
		},
	}
}

func snowflakeSettings() []source.Field {
	return []source.Field{
		{
			Name: "account", Title: "Account", Required: true,
			Description: "Account identifier: organization and account name (myorg-myaccount), or a locator with its region and cloud (xy12345.eu-central-1, xy12345.west-europe.azure).",
			Pattern:     `[A-Za-z0-9_]+(-[A-Za-z0-9_-]+)?(\.[A-Za-z0-9-]+){0,3}`, Example: "myorg-myaccount", MaxLength: 255,
		},
		{
			Name: "host", Title: "Host",
			Description: "Only where the account is reached by another host than its identifier says, as through PrivateLink.",
			Pattern:     `[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*\.snowflakecomputing\.(com|cn)`,
			Example:     "xy12345.eu-central-1.privatelink.snowflakecomputing.com", MaxLength: 253,
		},
		{
			Name: "user", Title: "User", Required: true,
			Description: "User that the connection logs in as. One of its own, of type SERVICE, is best.",
			Pattern:     `[^\x00-\x1f\x7f]+`, Example: "HEADWATER", MaxLength: 255,
		},
		{
			Name: "role", Title: "Role", Required: true,
			Description: "Role that may read what the connection covers, and nothing else.",
			Pattern:     `\s*` + snowflakePart + `\s*`, Example: "HEADWATER_READER", MaxLength: 255,
		},
		{
			Name: "warehouse", Title: "Warehouse", Required: true,
			Description: "Warehouse that runs the reading queries. It should resume and suspend by itself.",
			Pattern:     `\s*` + snowflakePart + `\s*`, Example: "HEADWATER_WH", MaxLength: 255,
		},
		{
			Name: "databases", Title: "Databases", Required: true,
			Description: "Databases whose tables and views the connection covers, with commas between.",
			Pattern:     snowflakeNames, Example: `ANALYTICS, "Raw data"`, MaxLength: 4096,
		},
		{
			Name: "schemas", Title: "Schemas",
			Description: "Schemas to cover, with commas between, each alone (in every database that has it) or as DATABASE.SCHEMA. Empty covers all.",
			Pattern:     snowflakePaths, Example: `PUBLIC, ANALYTICS."Events 2024"`, MaxLength: 8192,
		},
		{
			Name: "nanosecond_timestamps", Title: "Nanosecond timestamps",
			Description: "Columns with more than six digits of a second: truncate delivers microseconds and cuts the rest toward the past, text delivers ISO 8601 text with nine digits.",
			Allowed:     []string{"truncate", "text"}, Default: "truncate", Example: "truncate",
		},
		{
			Name: "statement_timeout", Title: "Statement timeout", Kind: source.Integer,
			Description: "Seconds after which Snowflake stops a query of this connection, 1 to 604800.",
			Default:     "3600", Example: "3600",
		},
	}
}

func snowflakeKeyPair() source.AuthMethod {
	key := func(name, title, description string, required bool) source.Field {
		return source.Field{
			Name: name, Title: title, Required: required, Secret: true, Multiline: true,
			Description: description, MaxLength: 16384,
		}
	}
	return source.AuthMethod{
		Name: "key_pair", Title: "Key pair",
		Description: "An RSA key of the user. While keys are rotated, both may be given: the second is tried when Snowflake refuses the first.",
		Fields: []source.Field{
			key("private_key", "Private key", "RSA private key in PKCS#8 PEM, encrypted or not.", true),
			{Name: "passphrase", Title: "Passphrase", Secret: true, Description: "Of the private key, if it is encrypted.", MaxLength: 1024},
			key("second_private_key", "Second private key", "The user's other key, while one replaces the other.", false),
			{Name: "second_passphrase", Title: "Second passphrase", Secret: true, Description: "Of the second private key, if it is encrypted.", MaxLength: 1024},
		},
	}
}

func snowflakeOAuth() source.AuthMethod {
	return source.AuthMethod{
		Name: "oauth", Title: "OAuth",
		Description: "Tokens of an OAuth integration of the account: a refresh token with its client, or an access token alone, which works until it expires.",
		Fields: []source.Field{
			{Name: "refresh_token", Title: "Refresh token", Secret: true, Description: "Exchanged for access tokens at the account's own token endpoint.", MaxLength: 16384},
			{Name: "client_id", Title: "Client ID", Description: "Of the integration that issued the refresh token.", Example: "Ab1cD2eF3gH4iJ5kL6mN7oP8qR9=", MaxLength: 1024},
			{Name: "client_secret", Title: "Client secret", Secret: true, Description: "Of the same integration; none for a public client.", MaxLength: 1024},
			{Name: "access_token", Title: "Access token", Secret: true, Description: "Used as long as Snowflake takes it.", MaxLength: 16384},
		},
	}
}

func snowflakeToken() source.AuthMethod {
	return source.AuthMethod{
		Name: "programmatic_access_token", Title: "Programmatic access token",
		Description: "A token of the user, restricted to the role. Snowflake wants the user to be under a network policy.",
		Fields:      []source.Field{{Name: "token", Title: "Token", Required: true, Secret: true, Description: "The token's secret, shown once when it is made.", MaxLength: 16384}},
	}
}

func snowflakeWorkload() source.AuthMethod {
	return source.AuthMethod{
		Name: SnowflakeWorkload, Title: "Workload identity",
		Description: "No stored secret: Headwater assumes an AWS role, which the user is bound to.",
		Fields: []source.Field{{
			Name: "role_arn", Title: "AWS role", Required: true,
			Description: "ARN of the role. Its name is " + S3RolePrefix + " and the id of the connection's workspace, alone or with a dot and more after it: no other workspace can log in by it.",
			Pattern:     `arn:aws[a-z-]*:iam::[0-9]{12}:role/` + S3RolePrefix + `[A-Za-z0-9+=,.@_-]{1,54}`,
			Example:     "arn:aws:iam::123456789012:role/headwater-acme.snowflake", MaxLength: 128,
		}},
	}
}

func snowflakePassword() source.AuthMethod {
	return source.AuthMethod{
		Name: "password", Title: "Password", Deprecated: true,
		Description: "Snowflake is ending logins by password alone. Use a key pair.",
		Fields:      []source.Field{{Name: "password", Title: "Password", Required: true, Secret: true, Description: "Of the user.", MaxLength: 1024}},
	}
}
