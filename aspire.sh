# Sourced by run.sh and test.sh, in the project's folder: asks this machine's package feed once whether it has Aspire, and remembers the
# answer in Directory.Local.props, which git ignores and Directory.Build.props reads. Delete that file to ask again.
if [ ! -e Directory.Local.props ]; then
  if dotnet restore tests/Sophia.AppHost.Tests -p:UseAspire=true -v quiet >/dev/null 2>&1; then
    has_aspire=true
    echo "The package feed has Aspire: the AppHost is built too (dotnet run --project Sophia.AppHost)."
  else
    has_aspire=false
    echo "The package feed does not have all of Aspire: building without it, and without the AppHost (UseAspire=false in Directory.Local.props)."
  fi
  printf '<Project>\n  <PropertyGroup>\n    <UseAspire Condition="'"'"'$(UseAspire)'"'"' == '"''"'">%s</UseAspire>\n  </PropertyGroup>\n</Project>\n' "$has_aspire" >Directory.Local.props
fi
