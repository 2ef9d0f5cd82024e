// What envoy/telemetry/dashboard.json has to be: Grafana's own types, and where those say `unknown`,
// the types of the panels that it uses.

import type * as grafana from '@grafana/schema';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as timeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as series from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// As JSON has it: the values of enumerations, and not their names.
type Json<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

// A query to Prometheus, whose types Grafana does not publish.
interface Query {
  refId: string;
  expr: string;
  datasource?: grafana.DataSourceRef;
  editorMode?: 'code' | 'builder';
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  range?: boolean;
  interval?: string;
  legendFormat?: string;
}

// Grafana fills in whatever a panel leaves out.
type Of<Type extends string, Options, Custom> = Omit<
  grafana.Panel<Options, Partial<Custom>>,
  'type' | 'options' | 'targets' | 'fieldConfig'
> & {
  type: Type;
  title: string;
  description: string;
  options: Partial<Options>;
  targets: Query[];
  fieldConfig: Omit<grafana.FieldConfigSource, 'defaults'> & {
    defaults: Omit<grafana.FieldConfig, 'custom'> & { custom?: Partial<Custom> };
  };
};

type Panel =
  | Of<'stat', stat.Options, Record<string, never>>
  | Of<'table', table.Options, table.FieldConfig>
  | Of<'timeseries', series.Options, series.FieldConfig>
  | Of<'state-timeline', timeline.Options, timeline.FieldConfig>
  | grafana.RowPanel;

type Annotation = Omit<grafana.AnnotationQuery, 'target'> & {
  target: Query;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
};

export type Dashboard = Json<
  Omit<grafana.Dashboard, 'panels' | 'annotations'> & {
    panels: Panel[];
    annotations: { list: Annotation[] };
  }
>;
