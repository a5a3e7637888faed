package sts

import "github.com/headwaterhq/headwater/shared/names"

// Federation is the role of a deployment in an account that other clouds are
// shown, as infra declares it, except that a laptop's functions are users of the
// account, so that all of it is trusted. It may do nothing.
func Federation(account string) Role {
	return Role{
		ARN: "arn:aws:iam::" + account + ":role/" + names.FederationRole,
		Trust: `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "` + account + `"}, "Action": "sts:AssumeRole",
			"Condition": {"StringLike": {"sts:RoleSessionName": "` + names.ConnectionIDs + `"}}}]}`,
		Policy: `{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}`,
	}
}
