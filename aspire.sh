# Sourced by run.sh and test.sh, in the project's folder: asks this machine's package feed once whether it has Aspire, and remembers the
# answer in Directory.Local.props, which git ignores and Directory.Build.props reads. Delete that file to ask again.
if [ ! -e Directory.Local.props ]; then
  has_aspire=
  if restored=$(dotnet restore tests/Sophia.AppHost.Tests -p:UseAspire=true -v quiet 2>&1); then
    has_aspire=true
  # A feed that does not answer (NU1301) says nothing of what it has.
  elif grep -q 'NU110[0-2]' <<<"$restored" && ! grep -q NU1301 <<<"$restored"; then
    has_aspire=false
  fi
  if [ -n "$has_aspire" ]; then
    printf '<Project>\n  <PropertyGroup>\n    <UseAspire Condition="'"'"'$(UseAspire)'"'"' == '"''"'">%s</UseAspire>\n  </PropertyGroup>\n</Project>\n' "$has_aspire" >Directory.Local.props
  else
    echo "Could not ask the package feed for Aspire; this run builds without it:" >&2
    tail -n 3 <<<"$restored" >&2
    export UseAspire="${UseAspire:-false}"
  fi
fi
if [ "${UseAspire:-}" = true ] || { [ -z "${UseAspire:-}" ] && grep -q '>true<' Directory.Local.props; }; then
  echo "Aspire: yes. The AppHost is built too (dotnet run --project Sophia.AppHost)."
else
  echo "Aspire: no. Building without it, and without the AppHost (Directory.Local.props, or UseAspire)."
fi
