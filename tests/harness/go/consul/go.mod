module graylane.invalid/consul

go 1.20

require github.com/hashicorp/consul v1.14.11

exclude (
	github.com/hashicorp/go-msgpack v1.1.5
	github.com/hashicorp/go-msgpack v1.1.6
)
