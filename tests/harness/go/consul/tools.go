//go:build tools

// Package tools names what is built: so its dependencies stay in go.mod.
package tools

import _ "github.com/hashicorp/consul"
