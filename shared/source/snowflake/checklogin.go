package snowflake

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// checker runs the checks, one after the other. What one has learned the next
// ones use.
type checker struct {
	*session
	tried   bool
	refusal error // of the login
	held    *privileges
	objects *inventory
}

// login logs in once for all checks: every attempt that fails counts toward
// the locking of the user.
func (c *checker) login(ctx context.Context) error {
	if !c.tried {
		err := c.connect(ctx)
		if ctx.Err() != nil {
			return err
		}
		c.tried, c.refusal = true, err
	}
	return c.refusal
}

// concern is which check a failed login is the matter of.
func concern(err error) string {
	if err == nil {
		return ""
	}
	if refusal, ok := errors.AsType[*sf.SnowflakeError](err); ok {
		switch refusal.Number {
		case 390403, 390420, 390421, 390422, 390432, 390433:
			return checkNetwork
		case 390186, 390189, 390201, 390317:
			return checkRole
		}
	}
	class, coded := fault.As(err)
	if !coded {
		class = (Driver{}).Classify(err)
	}
	if class == nil {
		return checkAuthenticate
	}
	switch class.Code {
	case fault.SourceNetwork, fault.SourceNotFound, fault.SourceUnavailable, fault.SourceRateLimited:
		return checkReach
	}
	return checkAuthenticate
}

// about runs a check that a login is all there is to.
func (c *checker) about(ctx context.Context, check, passed string) (source.Finding, error) {
	err := c.login(ctx)
	if ctx.Err() != nil || concern(err) == check {
		return source.Finding{}, err
	}
	return source.Finding{Detail: passed}, nil
}

func (c *checker) reach(ctx context.Context) (source.Finding, error) {
	return c.about(ctx, checkReach, c.config.endpoint.Hostname()+" answers")
}

func (c *checker) network(ctx context.Context) (source.Finding, error) {
	return c.about(ctx, checkNetwork, "the account lets this deployment in")
}

func (c *checker) authenticate(ctx context.Context) (source.Finding, error) {
	return c.about(ctx, checkAuthenticate, "the credential is accepted")
}

// role compares the role of the session with the wanted one: the login and the
// session itself both have to say so.
func (c *checker) role(ctx context.Context) (source.Finding, error) {
	if err := c.login(ctx); err != nil {
		return source.Finding{}, err
	}
	var user, role string
	err := c.each(ctx, "SELECT CURRENT_USER() AS USER_NAME, CURRENT_ROLE() AS ROLE_NAME", func(r row) error {
		user, role = r.text("user_name"), r.text("role_name")
		return nil
	})
	switch {
	case err != nil:
		return source.Finding{}, err
	case role != c.config.role:
		return source.Finding{}, fault.Wrap(fault.SourcePermission, "the session has another role",
			fmt.Errorf("CURRENT_ROLE() is %q", role))
	}
	return source.Finding{Detail: "logged in as " + user + " with role " + role}, nil
}

func (c *checker) remedyLogin(err error) source.Remedy {
	switch fault.CodeOf(err) {
	case fault.SourceNetwork, fault.SourceNotFound:
		return source.Remedy{
			Text:    "Check the account identifier, and the host if one is set. This shows both as they are; the deployment's network must reach the host on port 443.",
			Snippet: "SELECT CURRENT_ORGANIZATION_NAME() || '-' || CURRENT_ACCOUNT_NAME();\nSELECT SYSTEM$ALLOWLIST();",
		}
	case fault.SourceAuthentication:
		return c.remedyCredential()
	case fault.SourceExpired:
		return source.Remedy{Text: "Give the connection a new credential: connect again for OAuth, or make a new token or password.", Snippet: "DESCRIBE USER " + c.userName() + ";"}
	}
	class, _ := fault.Lookup(fault.CodeOf(err))
	return source.Remedy{Text: class.Remedy, Snippet: "SELECT SYSTEM$ALLOWLIST();"}
}

// remedyCredential is by the way of logging in.
func (c *checker) remedyCredential() source.Remedy {
	user := c.userName()
	switch c.config.method {
	case "key_pair":
		return source.Remedy{
			Text:    "Register the public key of the private key with the user, compare its fingerprint with RSA_PUBLIC_KEY_FP, and see that the user is not disabled and that the account identifier and the user name are right.",
			Snippet: "ALTER USER " + user + " SET RSA_PUBLIC_KEY = '<the public key, without its first and last line>';\nDESCRIBE USER " + user + ";",
		}
	case "programmatic_access_token":
		return source.Remedy{
			Text:    "Make a new token for the user, restricted to the role, and see that the old one was not removed or disabled.",
			Snippet: "ALTER USER " + user + " ADD PROGRAMMATIC ACCESS TOKEN HEADWATER ROLE_RESTRICTION = " + text(c.config.role) + ";\nSHOW USER PROGRAMMATIC ACCESS TOKENS FOR USER " + user + ";",
		}
	case "workload_identity":
		return source.Remedy{
			Text:    "Bind the user to the role that the connection assumes, and see that the role's trust policy lets this deployment assume it.",
			Snippet: "ALTER USER " + user + " SET WORKLOAD_IDENTITY = (TYPE = AWS ARN = " + text(c.config.secrets["role_arn"].Reveal()) + ");\nSHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER " + user + ";",
		}
	case "oauth":
		return source.Remedy{
			Text:    "Connect again. The integration must be enabled, and its tokens must be for this user and this role.",
			Snippet: "SHOW SECURITY INTEGRATIONS;\nALTER USER " + user + " ADD DELEGATED AUTHORIZATION OF ROLE " + quote(c.config.role) + " TO SECURITY INTEGRATION <the integration>;",
		}
	}
	return source.Remedy{
		Text:    "Check the user name and the password, and that the user is not disabled, locked or bound to multi-factor authentication. Better, give the user a key pair.",
		Snippet: "DESCRIBE USER " + user + ";",
	}
}

// userName is the user as SQL names it.
func (c *checker) userName() string {
	if plain.MatchString(strings.ToUpper(c.config.user)) {
		return quote(strings.ToUpper(c.config.user))
	}
	return quote(c.config.user)
}

var address = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b`)

// remedyNetwork names the address that Snowflake saw, where it tells.
func (c *checker) remedyNetwork(err error) source.Remedy {
	user := c.userName()
	ip := "<the address of the deployment>"
	var refusals []string
	for e := err; e != nil; e = errors.Unwrap(e) {
		refusals = append(refusals, e.Error())
	}
	if seen := address.FindString(strings.Join(refusals, " ")); seen != "" {
		ip = seen
	}
	rule := "CREATE NETWORK RULE HEADWATER MODE = INGRESS TYPE = IPV4 VALUE_LIST = ('" + ip + "');\n"
	if strings.Contains(strings.Join(refusals, " "), "390432") {
		return source.Remedy{
			Text:    "Snowflake wants a user of programmatic access tokens to be under a network policy. Make one that lets the deployment in, by its fixed address, which it does not have by default.",
			Snippet: rule + "CREATE NETWORK POLICY HEADWATER ALLOWED_NETWORK_RULE_LIST = ('HEADWATER');\nALTER USER " + user + " SET NETWORK_POLICY = HEADWATER;",
		}
	}
	return source.Remedy{
		Text:    "Let the deployment's address in by the network policy of the user or, where it has none, of the account; SHOW tells which one it is. By default the deployment has no fixed address: give it one first.",
		Snippet: "SHOW PARAMETERS LIKE 'NETWORK_POLICY' FOR USER " + user + ";\n" + rule + "ALTER NETWORK POLICY <the policy> ADD ALLOWED_NETWORK_RULE_LIST = ('HEADWATER');",
	}
}

func (c *checker) remedyRole(error) source.Remedy {
	return source.Remedy{
		Text:    "Grant the role to the user; a token that is restricted to a role must name this one.",
		Snippet: "GRANT ROLE " + quote(c.config.role) + " TO USER " + c.userName() + ";",
	}
}
