package secretsmanager

import "time"

// seconds is a time as AWS's JSON protocols write it: seconds since 1970, absent when unset.
func seconds(t time.Time) *float64 {
	if t.IsZero() {
		return nil
	}
	s := float64(t.UnixMilli()) / 1000
	return &s
}

type (
	tag   struct{ Key, Value string }
	value struct {
		SecretString *string `json:",omitempty"`
		SecretBinary []byte  `json:",omitempty"`
	}
	createInput struct {
		value
		Name, ClientRequestToken, Description, KmsKeyId string
		ForceOverwriteReplicaSecret                     bool
		Tags                                            []tag
	}
	putInput struct {
		value
		SecretId, ClientRequestToken string
		VersionStages                []string
	}
	updateInput struct {
		value
		SecretId, ClientRequestToken, KmsKeyId string
		Description                            *string
	}
	getInput struct{ SecretId, VersionId, VersionStage string }

	stageInput struct{ SecretId, VersionStage, RemoveFromVersionId, MoveToVersionId string }

	idInput struct{ SecretId string }

	tagInput struct {
		SecretId string
		Tags     []tag
	}
	untagInput struct {
		SecretId string
		TagKeys  []string
	}
	deleteInput struct {
		SecretId                   string
		RecoveryWindowInDays       *int
		ForceDeleteWithoutRecovery bool
	}
	versionsInput struct {
		SecretId, NextToken string
		MaxResults          int
		IncludeDeprecated   bool
	}
	listInput struct {
		NextToken              string
		MaxResults             int
		IncludePlannedDeletion bool
		Filters                []struct {
			Key    string
			Values []string
		}
	}

	// written is the answer of what writes a secret.
	written struct {
		ARN, Name     string
		VersionId     string   `json:",omitempty"`
		VersionStages []string `json:",omitempty"`
	}
	got struct {
		value
		ARN, Name, VersionId string
		VersionStages        []string
		CreatedDate          *float64
	}
	deleted struct {
		ARN, Name    string
		DeletionDate *float64
	}
	described struct {
		ARN, Name              string
		Description            string              `json:",omitempty"`
		KmsKeyId               string              `json:",omitempty"`
		CreatedDate            *float64            `json:",omitempty"`
		LastChangedDate        *float64            `json:",omitempty"`
		LastAccessedDate       *float64            `json:",omitempty"`
		DeletedDate            *float64            `json:",omitempty"`
		VersionIdsToStages     map[string][]string `json:",omitempty"`
		SecretVersionsToStages map[string][]string `json:",omitempty"`
		Tags                   []tag               `json:",omitzero"` // empty is told from never
	}
	listedVersion struct {
		VersionId        string
		VersionStages    []string `json:",omitempty"`
		CreatedDate      *float64
		LastAccessedDate *float64 `json:",omitempty"`
		KmsKeyIds        []string
	}
	listedVersions struct {
		ARN, Name string
		Versions  []listedVersion
		NextToken string `json:",omitempty"`
	}
	listed struct {
		SecretList []described
		NextToken  string `json:",omitempty"`
	}
)
